"""What can be chosen: assistants, voices and recognition models."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from control_api.access import Scope, needs
from control_api.assistants import Assistant, read_assistants
from control_api.fields import Responses
from control_api.parts import Wired
from control_api.speech import SpeechModel, Voice

router = APIRouter(tags=["speech"])
# A page that lets people choose is as public as the token that it asks for.
_read = Depends(needs(Scope.SPEECH_READ, public=True))
_AWAY: Responses = {503: {"description": "The speech server is away; try again after Retry-After."}}


class AssistantList(BaseModel):
    """The assistants, and the agent that plays them."""

    agent_name: str = Field(description="The agent to dispatch, unless another one is wanted.")
    assistants: list[Assistant] = Field(description="The default first.")


class VoiceList(BaseModel):
    """The voices of the speech server."""

    voices: list[Voice] = Field(description="The default first.")


class ModelList(BaseModel):
    """The recognition models of the speech server."""

    models: list[SpeechModel] = Field(description="The default first.")


@router.get("/api/assistants", operation_id="listAssistants", dependencies=[_read])
async def list_assistants(parts: Wired) -> AssistantList:
    """The assistants that a token or a call may ask for, in the metadata of its agent."""
    settings = parts.settings
    found = await asyncio.to_thread(read_assistants, settings.agents_dir, settings.assistant)
    return AssistantList(agent_name=settings.agents[0], assistants=list(found))


@router.get("/api/voices", operation_id="listVoices", dependencies=[_read], responses=_AWAY)
async def list_voices(
    parts: Wired,
    language: Annotated[
        str,
        Query(
            max_length=35,
            pattern=r"^[A-Za-z0-9-]*$",
            description="Only of this language (`en`, `en-US`); not given: all.",
        ),
    ] = "",
) -> VoiceList:
    """The voices that the speech server has."""
    return VoiceList(voices=list(await parts.speech.voices(language)))


@router.get("/api/models", operation_id="listModels", dependencies=[_read], responses=_AWAY)
async def list_models(parts: Wired) -> ModelList:
    """The recognition models that the speech server has."""
    return ModelList(models=list(await parts.speech.models()))
