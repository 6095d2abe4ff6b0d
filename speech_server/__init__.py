"""speech_server."""
