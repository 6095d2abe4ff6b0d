"""Settings of the assistant; a file of its own may say otherwise."""

from typing import Literal

from pydantic import Field

from agent.settings.group import Seconds, SettingsGroup, Spoken


class AssistantSettings(SettingsGroup):
    """What she is told, and says."""

    assistant: str = Field(
        default="trinity",
        description="Assistant that answers where a dispatch names none: a file of the folder of "
        "assistants. What a file leaves out, or all when there is no such file, is taken from "
        "these settings.",
    )
    assistant_name: str = Field(default="Trinity", description="Name that the assistant goes by.")
    instructions: str = Field(
        default="You are {name}, a friendly assistant on a phone call. Answer in one or two short "
        "sentences, in plain spoken words.",
        description="The model's system prompt; {name} stands for the assistant's name. Keep it "
        "short for a small model.",
    )
    greeting: Spoken = Field(
        default="Hello, I am {name}. How can I help you?",
        description="First words of a call; none waits for the caller.",
    )
    apology: str = Field(
        default="I'm sorry, I could not think of an answer just now. Could you say that again?",
        description="Said when the model fails or gives nothing.",
    )
    filler: Spoken = Field(
        default="One moment, please.", description="Said when the model is slow; none says nothing."
    )
    filler_seconds: Seconds = Field(
        default=1.2,
        description="Time without a first word of the model until the filler, in seconds.",
    )
    not_heard: Spoken = Field(
        default="I'm sorry, I did not hear you well. Could you say that again?",
        description="Said when the caller spoke and no text came of it.",
    )
    speech_lost: Spoken = Field(
        default="I'm sorry, I have a problem with my voice. Please hold on a moment.",
        description="Said, from a recording made at the start of the call, when the speech server "
        "fails in the middle of a reply.",
    )
    still_there: Spoken = Field(
        default="Are you still there?", description="Asked when the caller is silent for long."
    )
    goodbye: Spoken = Field(
        default="I will hang up now. Goodbye.",
        description="Said before the agent hangs up on silence.",
    )
    voicemail: Spoken = Field(
        default="",
        description="Message for an answering machine on an outbound call; none hangs up.",
    )
    resumed: Spoken = Field(
        default="I'm sorry, I was gone for a moment.",
        description="Said when the process of a call died and another one goes on with it.",
    )
    queue_message: Spoken = Field(
        default="All lines are busy. Please hold on, you are number {position} in the queue.",
        description="Said to who waits for a place among the calls, and again when it moves; "
        "{position} stands for the place in the queue.",
    )
    queue_goodbye: Spoken = Field(
        default="I'm sorry, nobody is free at the moment. Please call again later. Goodbye.",
        description="Said to who has waited in vain, before the agent hangs up.",
    )
    text_replies: Literal["text", "voice"] = Field(
        default="text",
        description="How a chat message is answered: text, or in voice as well.",
    )
    handover_number: str = Field(
        default="", description="Number that calls are transferred to: tel:+…, sip:… or +…."
    )
    sip_trunk: str = Field(
        default="", description="LiveKit's id of the outbound trunk by which people are called in."
    )
