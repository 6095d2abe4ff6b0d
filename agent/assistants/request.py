"""What a dispatch asks for, in its metadata."""

import json
import re

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.assistants.definition import NAME

log = structlog.stdlib.get_logger(__name__)


class CallRequest(BaseModel):
    """The metadata of a dispatch: a JSON object, or just the name of an assistant.

    Attributes:
        assistant: Name of the assistant; None takes the usual one.
        variables: Fill ``{key}`` in its prompt and greeting.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    assistant: str | None = Field(default=None, pattern=NAME)
    variables: dict[str, str] = {}

    @classmethod
    def parse(cls, metadata: str) -> "CallRequest":
        """Read metadata; what is none of ours asks for nothing, as a call is better than none."""
        metadata = metadata.strip()
        if not metadata:
            return cls()
        if re.fullmatch(NAME, metadata):
            return cls(assistant=metadata)
        try:
            values = json.loads(metadata)
            return cls.model_validate(values) if isinstance(values, dict) else cls()
        except (ValueError, ValidationError) as error:
            log.warning("The dispatch's metadata is not understood", error=type(error).__name__)
            return cls()

    def fill(self, text: str) -> str:
        """Fill the variables into a text; a key that is not given stays as it is."""
        for key, value in self.variables.items():
            text = text.replace(f"{{{key}}}", value)
        return text
