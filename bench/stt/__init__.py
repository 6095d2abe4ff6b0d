"""Measures recognition: `python -m bench.stt`."""
