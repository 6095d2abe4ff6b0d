"""Builds livekit-agents' session, every option that matters given.

What is left out would be guessed by livekit-agents, and some guesses reach for its cloud: without
`turn_detection` a cloud detector, without an interruption mode a cloud classifier, and a recording
that is uploaded.
"""

import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import grpc
from livekit import rtc
from livekit.agents import AgentSession, APIConnectOptions, room_io
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.agents.voice.io import TextOutput
from livekit.agents.voice.room_io.types import NoiseCancellationParams

from agent.barge_in import PromptVAD
from agent.echo import EchoCanceller
from agent.llm import LanguageModel, OllamaLLM, OllamaOptions, OpenAILLM, OpenAIOptions
from agent.markup import spoken_text
from agent.patience import Patience, PatienceKeeper
from agent.settings import Settings
from agent.speech import GrpcSTT, GrpcTTS
from agent.transcripts import HeardFinal, TurnClock
from agent.turn_taking import ServerEndOfTurn

INPUT_FRAME_MS = 20
FOREVER = 1_000_000
"""Tries of recognition, whose stream holds the audio that is to be heard again."""

OnText = Callable[[AgentSession[None], room_io.TextInputEvent], Awaitable[None]]


@dataclass(frozen=True)
class Engines:
    """What a session talks to; `open_engines` makes them, and `aclose` closes what they hold."""

    stt: GrpcSTT
    tts: GrpcTTS
    llm: LanguageModel
    vad: PromptVAD

    async def aclose(self) -> None:
        """Close the model's connections."""
        await self.llm.aclose()


def open_engines(
    settings: Settings,
    channel: grpc.aio.Channel,
    detector: PromptVAD,
    tls: ssl.SSLContext | None = None,
) -> Engines:
    """Make what a session talks to.

    Args:
        settings: The agent's.
        channel: To the speech servers; the caller closes it.
        detector: From `load_vad`.
        tls: Certificates for an Ollama over https.
    """
    return Engines(
        stt=GrpcSTT(
            channel,
            language=settings.language,
            model=settings.stt_model,
            phrases=settings.stt_phrases,
            endpointing=_usual(settings).to_config(),
            replay_s=settings.stt_replay_seconds,
            connect_s=settings.speech_connect_seconds,
        ),
        tts=open_voice(settings, channel),
        llm=_open_model(settings, tls),
        vad=detector,
    )


def open_voice(settings: Settings, channel: grpc.aio.Channel) -> GrpcTTS:
    """Make the voice alone."""
    return GrpcTTS(
        channel,
        voice=settings.voice,
        sample_rate_hz=settings.tts_sample_rate_hz,
        speaking_rate=settings.speaking_rate,
        word_timings=settings.word_timings == "on",
        connect_s=settings.tts_connect_seconds,
    )


def _open_model(settings: Settings, tls: ssl.SSLContext | None) -> LanguageModel:
    if settings.llm_provider == "openai":
        return OpenAILLM(
            settings.llm_url,
            OpenAIOptions(
                model=settings.llm_model,
                num_ctx=settings.llm_num_ctx,
                num_predict=settings.llm_num_predict,
                temperature=settings.llm_temperature,
                stall_s=settings.llm_stall_seconds,
                vision=settings.vision,
            ),
            api_key=settings.llm_api_key.get_secret_value(),
            connect_s=settings.llm_connect_seconds,
            tls=tls,
        )
    return OllamaLLM(
        settings.llm_url or settings.ollama_host,
        OllamaOptions(
            model=settings.llm_model,
            num_ctx=settings.llm_num_ctx,
            num_predict=settings.llm_num_predict,
            temperature=settings.llm_temperature,
            num_thread=settings.llm_num_thread,
            keep_alive=settings.llm_keep_alive,
            stall_s=settings.llm_stall_seconds,
        ),
        connect_s=settings.llm_connect_seconds,
        tls=tls,
    )


def turn_clock(engines: Engines) -> TurnClock:
    """Make what times the turns."""

    def heard() -> HeardFinal | None:
        stt = engines.stt
        return HeardFinal(stt.last_speech_end_s, stt.last_words_s) if stt.last_words_s else None

    return TurnClock(heard)


def keep_patience(
    settings: Settings, engines: Engines, session: AgentSession[None]
) -> PatienceKeeper | None:
    """Let what the agent asks decide how long it waits; None when that is switched off."""
    if not settings.patience:
        return None
    longest_s = settings.max_endpointing_seconds
    return PatienceKeeper(session, engines.stt, _usual(settings), longest_s)


def _usual(settings: Settings) -> Patience:
    return Patience(settings.stt_stop_silence_ms, settings.stt_max_stop_silence_ms)


def build_session(settings: Settings, engines: Engines) -> AgentSession[None]:
    """Build the session of one call."""
    detector: Any = ServerEndOfTurn(
        lambda: engines.stt.end_of_turn_probability,
        settings.end_of_turn_threshold,
        lambda: engines.stt.in_utterance,
    )
    session: AgentSession[None] = AgentSession(
        stt=engines.stt,
        tts=engines.tts,
        llm=engines.llm,
        vad=engines.vad,
        turn_handling={
            "turn_detection": detector,
            "endpointing": {
                "mode": "fixed",
                "min_delay": settings.min_endpointing_seconds,
                "max_delay": settings.max_endpointing_seconds,
            },
            "interruption": {
                "enabled": True,
                "mode": "vad",
                "min_duration": settings.interruption_min_seconds,
                "min_words": settings.interruption_min_words,
                "resume_false_interruption": settings.resume_false_interruption,
                "false_interruption_timeout": settings.false_interruption_seconds,
            },
            "preemptive_generation": {
                "enabled": settings.preemptive_generation,
                "preemptive_tts": settings.preemptive_tts,
                "max_speech_duration": settings.max_turn_seconds,
                "max_retries": settings.preemptive_attempts,
            },
            "user_turn_limit": {"max_duration": settings.max_turn_seconds},
        },
        tts_text_transforms=[spoken_text],
        use_tts_aligned_transcript=settings.word_timings != "off",
        aec_warmup_duration=settings.aec_warmup_seconds or None,
        user_away_timeout=settings.user_away_seconds or None,
        transcription_timeout=settings.transcription_timeout_seconds or None,
        max_tool_steps=settings.max_tool_steps,
        conn_options=SessionConnectOptions(
            stt_conn_options=APIConnectOptions(
                max_retry=FOREVER, retry_interval=0.5, timeout=settings.speech_connect_seconds
            ),
            llm_conn_options=APIConnectOptions(
                max_retry=1, retry_interval=0.1, timeout=settings.llm_connect_seconds
            ),
            tts_conn_options=APIConnectOptions(
                max_retry=1, retry_interval=0.1, timeout=settings.tts_connect_seconds
            ),
            # A call is not ended because a part is away; the caller is told, and may wait or leave.
            max_unrecoverable_errors=FOREVER,
        ),
    )
    engines.vad.attach(session)
    return session


def room_options(settings: Settings, words: TextOutput, on_text: OnText) -> room_io.RoomOptions:
    """Say how the session uses its room.

    Args:
        settings: The agent's.
        words: Takes the agent's words as they are played.
        on_text: Answers a chat message.
    """

    def echo(params: NoiseCancellationParams) -> rtc.FrameProcessor[rtc.AudioFrame] | None:
        is_sip = params.participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_SIP
        return EchoCanceller() if is_sip and settings.sip_echo_cancellation else None

    async def text_input(session: AgentSession[None], event: room_io.TextInputEvent) -> None:
        await on_text(session, event)

    return room_io.RoomOptions(
        text_input=room_io.TextInputOptions(text_input_cb=text_input),
        audio_input=room_io.AudioInputOptions(
            sample_rate=16_000,
            frame_size_ms=INPUT_FRAME_MS,
            # Browsers do it already, and it lifts what is left of the agent's echo.
            auto_gain_control=False,
            noise_cancellation=echo,
            pre_connect_audio=True,
        ),
        audio_output=room_io.AudioOutputOptions(sample_rate=settings.tts_sample_rate_hz),
        text_output=room_io.TextOutputOptions(next_in_chain=words),
        # `agent.callers` decides what happens when a caller leaves.
        close_on_disconnect=False,
        delete_room_on_close=settings.delete_room_on_close,
    )
