"""Writes `docs/benchmarks.md` and its plots from the committed raw files, and from nothing else.

`python -m bench.report`, or `make bench-report`; `--check` only says whether they are up to date.
"""
