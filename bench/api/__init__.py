"""The control API under load: `python -m bench.api`."""
