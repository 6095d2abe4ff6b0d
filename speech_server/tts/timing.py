"""When words and phonemes are heard; known before their sound is made."""

import numpy as np
import numpy.typing as npt
from trinity.speech.v1 import text_to_speech_service_pb2 as pb

from speech_server.tts.script import Script


def time_script(
    script: Script,
    id_frames: npt.NDArray[np.int64],
    start_char: int,
    base_ms: float,
    frame_ms: float,
) -> tuple[list[pb.WordTiming], list[pb.PhonemeTiming]]:
    """Give the times of a segment's words and phonemes.

    Args:
        script: What is spoken.
        id_frames: Frames that each id lasts.
        start_char: Where the segment begins in the client's text.
        base_ms: When the sound of the clause begins, whose ids they are.
        frame_ms: Length of a frame.
    """
    edges = np.concatenate([[0], np.cumsum(id_frames)]) * frame_ms + base_ms

    def at(position: int) -> int:
        return round(float(edges[min(position, len(id_frames))]))

    words = [
        pb.WordTiming(
            text=word.text,
            start_char=start_char + word.start,
            end_char=start_char + word.end,
            start_ms=at(word.ids[0]),
            end_ms=at(word.ids[1]),
        )
        for word in script.words
    ]
    phonemes = [
        pb.PhonemeTiming(phoneme=one.ipa, start_ms=at(one.ids[0]), end_ms=at(one.ids[1]))
        for one in script.phonemes
    ]
    return words, phonemes
