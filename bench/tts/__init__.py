"""Measures synthesis beside Piper's own HTTP server: `python -m bench.tts`, or `make bench-tts`."""
