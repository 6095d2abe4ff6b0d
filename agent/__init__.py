"""The voice agent: a LiveKit worker that talks with callers.

`python -m agent` runs it; `Settings` says how. `agent.worker` gives each call a process,
`agent.call` holds the call there: `speech` hears and speaks over the speech server, `llm` thinks
with Ollama, `tools` acts, `transcripts` writes down.
"""

from agent.settings import Settings

__all__ = ["Settings"]
