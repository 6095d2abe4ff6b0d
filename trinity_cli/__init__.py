"""The command ``trinity``: runs, checks and uses a Trinity over its HTTP API and speech contract.

It has no logic of its own: what it says comes from the control API, the speech server and the
programs that it starts. `main` is the console script.
"""

from trinity_cli.app import main

__all__ = ["main"]
