"""Measures Trinity; nothing imports it.

`python -m bench` measures the turn latency of whole conversations with a running stack.
"""
