"""Settings of the agent, read once when a process of it starts.

Environment variables with the prefix ``AGENT_``; those that several parts share have none
(docs/interfaces.md). The worker and each call's process read the same environment. An assistant's
file says otherwise for its calls: see `agent.assistants`.
"""

from agent.settings.assistant import AssistantSettings
from agent.settings.model import ModelSettings
from agent.settings.shared import DEVELOPMENT_SECRET, SharedSettings
from agent.settings.speech import SpeechSettings
from agent.settings.tools import ToolSettings
from agent.settings.turns import TurnSettings
from agent.settings.worker import HOLD_MUSIC, WorkerSettings

__all__ = ["DEVELOPMENT_SECRET", "HOLD_MUSIC", "Settings"]


# pydantic takes the fields of the last base first.
class Settings(
    ToolSettings,
    ModelSettings,
    AssistantSettings,
    TurnSettings,
    SpeechSettings,
    WorkerSettings,
    SharedSettings,
):
    """What an agent can be told."""

    def spoken(self, text: str) -> str:
        """Fills the assistant's name into a text that it says or is told."""
        return text.replace("{name}", self.assistant_name)
