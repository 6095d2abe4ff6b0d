"""The generated pages of docs/, a module each; `scripts/gen_docs.py` writes them."""

from pages import api, metrics, settings

__all__ = ["api", "metrics", "settings"]
