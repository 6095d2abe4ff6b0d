"""What can go wrong in the agent, in one tree.

::

    AgentError
    ├── ConfigurationError       a setting that cannot work; ends the process with EXIT_CODE
    └── TranscriptStoreError     Redis did not take or give a transcript; tried again

Errors of the speech server and the LLM are livekit-agents' own (`livekit.agents.APIError` and its
subclasses), because the framework decides by them whether to try again; `agent.speech.errors` and
`agent.llm.errors` map them. Anything else that leaves an adapter would end that part of the call
for good, so nothing else may. A tool tells the model what went wrong by the framework's
`livekit.agents.ToolError`.
"""

EXIT_CODE = 78
"""Exit code of an agent that cannot start as it is set up (``EX_CONFIG`` of sysexits.h)."""


class AgentError(Exception):
    """Root of the tree."""


class ConfigurationError(AgentError):
    """A setting cannot work; the message names it."""


class TranscriptStoreError(AgentError):
    """Redis did not take or give a transcript."""
