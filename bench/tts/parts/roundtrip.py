"""Whether what is spoken is understood: a hundred sentences through our own Transcribe."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
from trinity.speech.v1 import speech_to_text_service_pb2 as stt_pb
from trinity.speech.v1 import speech_to_text_service_pb2_grpc as stt_grpc
from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from bench.tts.run import OURS, Run
from bench.tts.servers import alone
from caller.score import normalise, score

SENTENCES_FILE = Path(__file__).with_name("sentences.txt")
RATE_HZ = 16000
PIECE_S = 0.1
PIECE_BYTES = 2 * RATE_HZ // 10
TIMES_REAL = 5
"""Speed of the sound that is recognised; a server need not take any amount at once."""
SILENCE_BYTES = b"\0" * (2 * RATE_HZ)
WORKERS = 2
RETRY_S, PATIENCE_S = 1.0, 60.0


def read_sentences() -> list[str]:
    """Read the sentences, one a line."""
    return SENTENCES_FILE.read_text(encoding="utf-8").splitlines()


async def measure(run: Run) -> None:
    """Speak each sentence, recognise it, and compare the words."""
    waiting = iter(enumerate(read_sentences()[: run.settings.sentences]))
    async with alone(run.settings, recognition=True) as ours:

        async def work() -> None:
            for number, text in waiting:
                config = pb.StreamingSynthesizeConfig(sample_rate_hertz=RATE_HZ)
                sound = (await ours.say([text], config)).linear16
                await listen(run, "roundtrip", str(number), ours.target, text, sound)

        await asyncio.gather(*(work() for _ in range(WORKERS)))


async def listen(run: Run, part: str, name: str, target: str, text: str, sound: bytes) -> None:
    """Recognise sound of 16 kHz and keep how it differs from the text that was spoken."""
    heard = await _recognise_when_free(target, sound)
    found = score([(text, heard)])
    run.add(
        part,
        OURS,
        name,
        said=normalise(text),
        heard=normalise(heard),
        errors=found.errors,
        words=found.words,
    )


async def _recognise_when_free(target: str, sound: bytes) -> str:
    """Transcribe, and wait while the server takes no more streams, as it may on a busy machine."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await recognise(target, sound)
        except grpc.aio.AioRpcError as error:
            full = error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            if not full or time.monotonic() > end:
                raise
            await asyncio.sleep(RETRY_S)


async def recognise(target: str, sound: bytes) -> str:
    """Transcribe sound of 16 kHz, faster than it is heard; gives its finals joined."""

    async def requests() -> AsyncIterator[stt_pb.TranscribeRequest]:
        yield stt_pb.TranscribeRequest(
            config=stt_pb.StreamingRecognitionConfig(language_code="en", sample_rate_hertz=RATE_HZ)
        )
        data = sound + SILENCE_BYTES
        for at in range(0, len(data), PIECE_BYTES):
            await asyncio.sleep(PIECE_S / TIMES_REAL)
            yield stt_pb.TranscribeRequest(audio_content=data[at : at + PIECE_BYTES])

    finals: list[str] = []
    async with grpc.aio.insecure_channel(target) as channel:
        async for response in stt_grpc.SpeechToTextServiceStub(channel).Transcribe(requests()):
            if response.HasField("result") and response.result.is_final:
                finals.append(response.result.transcript)
    return " ".join(text for text in finals if text)
