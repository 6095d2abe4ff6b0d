"""Plain faster-whisper on finished recordings, in a process of its own.

Reads a way, a language and a path a line; answers one JSON line each with seconds and text.
"""

import json
import sys
import threading
import time
from pathlib import Path

from faster_whisper import WhisperModel

import model_store

WAYS: dict[str, dict[str, object]] = {
    "beam 5": {"beam_size": 5},
    "greedy": {"beam_size": 1, "without_timestamps": True},
}


def main() -> None:
    """Load as the server does (in a helper thread, which is faster), then answer."""
    name, threads = sys.argv[1], int(sys.argv[2])
    loaded: list[WhisperModel] = []

    def load() -> None:
        place: Path = model_store.resolve(name)
        loaded.append(
            WhisperModel(str(place), device="cpu", compute_type="int8", cpu_threads=threads)
        )

    helper = threading.Thread(target=load)
    helper.start()
    helper.join()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        way, language, path = line.rstrip("\n").split("\t")
        began = time.monotonic()
        segments, _ = loaded[0].transcribe(path, language=language, **WAYS[way])
        text = " ".join(segment.text.strip() for segment in segments)
        sys.stdout.write(json.dumps({"text": text, "seconds": time.monotonic() - began}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
