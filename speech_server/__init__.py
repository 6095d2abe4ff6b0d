"""The speech server: holds the models, turns speech into text and text into speech over gRPC.

``python -m speech_server`` runs it. Other packages speak with it over the contract and import only
what is named here.
"""

from speech_server.channel import CLIENT_OPTIONS
from speech_server.settings import Settings

__all__ = ["CLIENT_OPTIONS", "Settings"]
