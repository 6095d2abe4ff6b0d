"""Plain faster-whisper on finished recordings, in a process of its own.

Reads one path a line; answers one JSON line each: beam 5 and greedy, seconds and text.
"""

import json
import sys
import threading
import time

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
        loaded.append(
            WhisperModel(
                str(model_store.resolve(name)),
                device="cpu",
                compute_type="int8",
                cpu_threads=threads,
            )
        )

    helper = threading.Thread(target=load)
    helper.start()
    helper.join()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        path, language = line.rstrip("\n").split("\t")
        answer: dict[str, object] = {}
        for way, options in WAYS.items():
            began = time.monotonic()
            segments, _ = loaded[0].transcribe(path, language=language, **options)
            answer[way] = {
                "text": " ".join(segment.text.strip() for segment in segments),
                "seconds": time.monotonic() - began,
            }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
