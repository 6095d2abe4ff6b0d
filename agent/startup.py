"""What is checked before the worker takes calls."""

import structlog

from agent.assistants import AssistantCatalogue, CallRequest, assistant_settings
from agent.errors import ConfigurationError
from agent.settings import Settings
from agent.tools import check_tools

log = structlog.stdlib.get_logger(__name__)


def check(settings: Settings) -> None:
    """Check the settings and every assistant's file.

    Raises:
        ConfigurationError: Something cannot work; the message names it.
    """
    check_tools(settings)
    if settings.llm_provider == "openai" and not settings.llm_url:
        raise ConfigurationError("AGENT_LLM_URL: an OpenAI-compatible server needs its address")
    catalogue = AssistantCatalogue(settings.agents_dir)
    for name in catalogue.names():
        definition = catalogue.read(name)
        assert definition is not None
        try:
            check_tools(assistant_settings(settings, definition, CallRequest()))
        except ConfigurationError as error:
            raise ConfigurationError(f"{name}.toml: {error}") from error
    log.info("Assistants found", count=len(catalogue.names()), usual=settings.assistant)
