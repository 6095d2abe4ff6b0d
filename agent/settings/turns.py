"""Settings of who speaks when."""

from pydantic import Field

from agent.settings.group import Probability, Seconds, SettingsGroup


class TurnSettings(SettingsGroup):
    """Turn taking, barge-in and silence."""

    vad_threshold: Probability = Field(
        default=0.5, description="Voice probability at which the caller counts as speaking, 0 to 1."
    )
    barge_in_threshold: Probability = Field(
        default=0.35,
        description="Voice probability at which the caller counts as speaking while the agent "
        "talks, 0 to 1; no more than AGENT_VAD_THRESHOLD counts.",
    )
    vad_min_speech_seconds: Seconds = Field(
        default=0.05, description="Voice that must be heard before the caller counts as speaking."
    )
    vad_min_silence_seconds: Seconds = Field(
        default=0.25,
        gt=0,
        description="Silence after which the caller counts as silent, in seconds.",
    )
    min_endpointing_seconds: Seconds = Field(
        default=0.0, description="Least silence before the agent answers, in seconds."
    )
    max_endpointing_seconds: Seconds = Field(
        default=1.0, description="Silence before the agent answers an unfinished turn, in seconds."
    )
    patience: bool = Field(
        default=True,
        description="Wait less for a yes or no, a quantity and what is said over the agent, and "
        "longer for a number that is dictated and after a caller was cut off.",
    )
    end_of_turn_threshold: Probability = Field(
        default=0.5,
        description="End-of-turn probability of the speech server below which a turn counts as "
        "unfinished, 0 to 1.",
    )
    preemptive_generation: bool = Field(
        default=True,
        description="Start the reply on the server's preflight text, before the turn ends.",
    )
    preemptive_tts: bool = Field(
        default=True, description="Start the reply's speech as well before the turn ends."
    )
    preemptive_attempts: int = Field(
        default=6, ge=1, description="Early replies that may be started in one turn."
    )
    interruption_min_seconds: Seconds = Field(
        default=0.06,
        description="Voice of the caller after which the agent stops speaking, in seconds.",
    )
    interruption_min_words: int = Field(
        default=0,
        ge=0,
        description="Words of the caller that it takes to interrupt; 0 asks for none.",
    )
    resume_false_interruption: bool = Field(
        default=True, description="Go on speaking when an interruption turns out to be no words."
    )
    false_interruption_seconds: Seconds = Field(
        default=0.7,
        description="Silence after which an interruption without words is over, in seconds.",
    )
    aec_warmup_seconds: Seconds = Field(
        default=0.0,
        description="Time at the start of the agent's first words in which the caller is not "
        "heard, so that echo cancellation settles, in seconds; 0 hears the caller at once.",
    )
    sip_echo_cancellation: bool = Field(
        default=True,
        description="Take the agent's own voice out of what a telephone sends back; browsers do it "
        "themselves.",
    )
    user_away_seconds: Seconds = Field(
        default=15.0,
        description="Silence of both sides after which the agent asks a caller on the telephone "
        "whether they are still there, in seconds; 0: never.",
    )
    hang_up_seconds: Seconds = Field(
        default=15.0,
        description="Silence after that question until the agent says goodbye and hangs up, in "
        "seconds; 0: never.",
    )
    hold_seconds: Seconds = Field(
        default=120.0,
        description="Silence that is granted to a caller who asked to wait, in seconds.",
    )
    transcription_timeout_seconds: Seconds = Field(
        default=4.0,
        description="Time after the caller's voice without any text of it until the agent asks "
        "again, in seconds; 0 never asks.",
    )
    max_turn_seconds: Seconds = Field(
        default=120.0,
        gt=0,
        description="Longest turn of the caller before the agent steps in, in seconds.",
    )
    delete_room_on_close: bool = Field(
        default=True, description="Delete the room when the last caller has left."
    )
    max_tool_steps: int = Field(
        default=3, ge=1, le=10, description="Tool calls in a row before the model must answer."
    )
