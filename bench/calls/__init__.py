"""Measures whole calls: turns side by side, load, soak, and a bad network.

`python -m bench.calls turn|load|soak|net`; each brings up a stack of its own, with the sides that
it compares, and takes them down again.
"""
