"""HTTP API for applications and operators: join tokens, transcripts, health, and the web page.

`create_app` builds the ASGI application from `Settings`; `python -m control_api` serves it.
"""

from control_api.app import create_app
from control_api.settings import Settings

__all__ = ["Settings", "create_app"]
