"""Finds the assistant of a call.

The files are read when a call begins, so that a change counts from the next call on.
"""

import tomllib
from pathlib import Path

import structlog
from pydantic import SecretStr, ValidationError

from agent.assistants.definition import AssistantDefinition
from agent.assistants.request import CallRequest
from agent.errors import ConfigurationError
from agent.settings import Settings

log = structlog.stdlib.get_logger(__name__)


class AssistantCatalogue:
    """The assistants of a folder.

    Args:
        folder: Holds ``<name>.toml`` files; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Names of the files, whether they can be read or not."""
        return sorted(path.stem for path in self._folder.glob("*.toml"))

    def read(self, name: str) -> AssistantDefinition | None:
        """Read one assistant; None when there is no such file.

        Raises:
            ConfigurationError: The file cannot be used; the message names it and the field.
        """
        path = self._folder / f"{name}.toml"
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{path.name}: {error}") from error
        try:
            definition = AssistantDefinition.model_validate({"name": name, **values})
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'file'}: {each['msg']}"
                for each in error.errors()
            )
            raise ConfigurationError(f"{path.name}: {problems}") from error
        if definition.name != name:
            raise ConfigurationError(f"{path.name}: name: is {definition.name!r}, not {name!r}")
        return definition

    def check(self) -> None:
        """Read them all.

        Raises:
            ConfigurationError: One cannot be used.
        """
        for name in self.names():
            self.read(name)

    def choose(self, request: CallRequest, usual: str) -> AssistantDefinition:
        """Give the assistant that a call asks for.

        A file that is missing or broken costs the caller the assistant, not the call: the usual
        one answers, or one by the settings alone.
        """
        for name in dict.fromkeys((request.assistant or usual, usual)):
            try:
                if (definition := self.read(name)) is not None:
                    return definition
            except ConfigurationError as error:
                log.error("An assistant's file cannot be used", problem=str(error))
                continue
            if name != usual:
                log.error("There is no such assistant", assistant=name)
        return AssistantDefinition(name=usual)


def assistant_settings(
    settings: Settings, definition: AssistantDefinition, request: CallRequest
) -> Settings:
    """The settings of a call: the agent's, with what the assistant's file says in their place."""
    values = definition.settings()
    if "llm_api_key" in values:
        values["llm_api_key"] = SecretStr(values["llm_api_key"])
    joined = settings.model_copy(update=values)
    return joined.model_copy(
        update={
            "instructions": request.fill(joined.instructions),
            "greeting": request.fill(joined.greeting),
        }
    )
