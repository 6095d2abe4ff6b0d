"""The neighbours' programs: what is on PATH is used, then what is in the cache, else installed.

Each module knows one program and has ``find_or_install(settings, progress)``; the result is an
absolute path. Nothing is installed when the program is there already.
"""

from stack.programs import chromium, livekit, ollama, prometheus, redis

__all__ = ["chromium", "livekit", "ollama", "prometheus", "redis"]
