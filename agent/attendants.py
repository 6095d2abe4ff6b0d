"""What goes along with a session: it watches, and works for the model while nobody waits."""

from livekit.agents import AgentSession, llm

from agent.assistant import Assistant
from agent.background import BackgroundWork
from agent.languages import LanguageFollower
from agent.memory import ConversationMemory
from agent.session import Engines
from agent.settings import Settings
from agent.transcripts import TranscriptRecorder
from agent.warming import PromptWarmer


def attend(
    session: AgentSession[None],
    engines: Engines,
    assistant: Assistant,
    recorder: TranscriptRecorder,
    tools: list[llm.Tool],
    settings: Settings,
    background: BackgroundWork,
) -> None:
    """Let them watch a session that is about to start; the session's end is theirs."""
    PromptWarmer(
        session,
        engines.llm,
        lambda: (assistant.prompt(), tools),
        background,
        settings.llm_warm_words,
    )
    if settings.llm_summary:
        ConversationMemory(session, assistant, engines.llm, background)
    LanguageFollower(session, engines.tts, recorder, settings)
