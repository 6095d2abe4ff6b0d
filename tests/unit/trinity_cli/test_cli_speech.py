"""`say`, `transcribe`, `voices`, `models` against a speech server over real gRPC."""

import asyncio
import io
import signal
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.cli import Cli, ListedSpeech, Result, program
from tests.support.control_api import free_port

LOUD = np.sin(np.arange(16_000) * 0.1) * 0.5


def recording(path: Path, rate_hz: int = 16_000, channels: int = 1) -> Path:
    """Two words of a second each, with silence after each."""
    word = np.resize(LOUD, rate_hz)
    sound = np.concatenate([word, np.zeros(rate_hz), word, np.zeros(rate_hz)])
    soundfile.write(path, np.stack([sound] * channels, axis=1), rate_hz, subtype="PCM_16")
    return path


async def test_say_writes_a_whole_wav_file(cli: Cli, speech: ListedSpeech, tmp_path: Path) -> None:
    file = tmp_path / "hello.wav"
    result = await cli("say", "Hello", "there.", "-o", str(file), "--json")
    assert result.status == 0, result.err
    assert speech.spoken == ["Hello there."]
    told = result.json
    assert (told["voice"], told["sample_rate_hz"], told["file"]) == ("fake", 24_000, str(file))
    assert told["first_audio_ms"] >= 0
    with wave.open(str(file)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (24_000, 1, 2)
        assert sound.getnframes() == 2 * 0.12 * 24_000
        assert round(sound.getnframes() / 24) == told["audio_ms"]


async def test_say_plays_while_the_sound_comes(
    cli: Cli, speech: ListedSpeech, path_dir: Path
) -> None:
    heard = path_dir / "heard.raw"
    program(
        path_dir,
        "aplay",
        f"import pathlib, sys\nassert '24000' in sys.argv\n"
        f"pathlib.Path({str(heard)!r}).write_bytes(sys.stdin.buffer.read())",
    )
    result = await cli("say", "One two three.", "--rate", "1.5")
    assert result.status == 0, result.err
    assert heard.stat().st_size == 3 * 0.12 * 24_000 * 2


async def test_say_reads_standard_input(
    cli: Cli, speech: ListedSpeech, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("First line.\nSecond line.\n"))
    result = await cli("say", "-", "-o", str(tmp_path / "a.wav"))
    assert result.status == 0, result.err
    assert [text.strip() for text in speech.spoken] == ["First line.", "Second line."]


async def test_without_a_player_the_programs_are_named(
    cli: Cli, speech: ListedSpeech, path_dir: Path
) -> None:
    result = await cli("say", "Hello.")
    assert result.status == 6
    assert "aplay" in result.err and "alsa-utils" in result.err and "--output" in result.err


async def test_a_player_that_fails_is_an_error(
    cli: Cli, speech: ListedSpeech, path_dir: Path
) -> None:
    program(
        path_dir,
        "aplay",
        "import sys\nsys.stdin.buffer.read()\nsys.exit('audio open error: no such device')",
    )
    result = await cli("say", "Hello.")
    assert result.status == 1
    assert "no such device" in result.err and "sound device" in result.err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("say", "Hello.", "--voice", "nobody"), 5, "trinity voices"),
        (("say", "..."), 1, "nothing in the text"),
        (("say", "Hello.", "--rate", "9"), 2, "--rate"),
        (("transcribe", "none.wav"), 5, "no such file"),
        (("transcribe",), 2, "--microphone"),
    ],
)
async def test_what_is_wrong_is_said(
    cli: Cli,
    speech: ListedSpeech,
    tmp_path: Path,
    arguments: tuple[str, ...],
    status: int,
    words: str,
) -> None:
    more = ("-o", str(tmp_path / "a.wav")) if arguments[0] == "say" else ()
    result = await cli(*arguments, *more)
    assert (result.status, words in result.err) == (status, True), result.err
    assert not (tmp_path / "a.wav").exists()


async def test_a_field_that_is_not_served_is_named(
    cli: Cli, speech: ListedSpeech, tmp_path: Path
) -> None:
    speech.script.refuse = {"enable_word_time_offsets": "enable_word_time_offsets is not served"}
    file = recording(tmp_path / "a.wav")
    result = await cli("transcribe", str(file), "--words", "--json")
    assert (result.status, result.error["kind"]) == (2, "BadRequest")
    assert "enable_word_time_offsets" in result.error["message"]


@pytest.mark.parametrize("command", [("voices",), ("models",), ("say", "Hi.", "-o", "x.wav")])
async def test_no_speech_server_is_status_3(cli: Cli, command: tuple[str, ...]) -> None:
    result = await cli("--speech", f"127.0.0.1:{free_port()}", *command)
    assert result.status == 3
    assert "TRINITY_SPEECH_TARGET" in result.err


async def test_transcribe_writes_what_is_said_in_a_file(
    cli: Cli, speech: ListedSpeech, tmp_path: Path
) -> None:
    speech.script.heard = ["Hello.", "How are you?"]
    file = recording(tmp_path / "a.flac", 22_050, channels=2)
    result = await cli("transcribe", str(file), "--language", "en")
    assert (result.status, result.out) == (0, "Hello.\nHow are you?\n")
    (config,) = speech.stt_configs
    assert (config.sample_rate_hertz, config.language_code) == (22_050, "en")
    result = await cli("transcribe", str(file), "--times")
    assert result.out == ""  # the fake has no more words
    assert "No speech" in result.err


async def test_transcribe_gives_times_as_json(
    cli: Cli, speech: ListedSpeech, tmp_path: Path
) -> None:
    speech.script.heard = ["Hello.", "Bye."]
    result = await cli("transcribe", str(recording(tmp_path / "a.wav")), "--json")
    told = result.json
    assert (told["text"], told["audio_ms"]) == ("Hello. Bye.", 4000)
    first, second = told["utterances"]
    assert 0 <= first["start_ms"] < first["end_ms"] <= second["start_ms"] < 4000


async def test_what_is_no_sound_says_how_to_convert_it(
    cli: Cli, speech: ListedSpeech, tmp_path: Path
) -> None:
    (tmp_path / "a.wav").write_text("not sound")
    result = await cli("transcribe", str(tmp_path / "a.wav"))
    assert result.status == 2
    assert "ffmpeg" in result.err
    recording(tmp_path / "fast.wav", 96_000)
    result = await cli("transcribe", str(tmp_path / "fast.wav"))
    assert (result.status, "96000" in result.err) == (2, True)


MICROPHONE = """
import signal, sys, time, wave
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with wave.open({file!r}) as sound:
    sys.stdout.buffer.write(sound.readframes(sound.getnframes()))
sys.stdout.buffer.flush()
open({ready!r}, "w").close()
time.sleep(60)
"""


async def process(*arguments: str) -> asyncio.subprocess.Process:
    """A command in a process of its own: a signal goes to its main thread."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "trinity_cli", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended(running: asyncio.subprocess.Process) -> Result:
    out, err = await asyncio.wait_for(running.communicate(), 60)
    assert running.returncode is not None
    return Result(running.returncode, out.decode(), err.decode())


async def test_ctrl_c_ends_the_recording_and_the_last_words_still_come(
    speech: ListedSpeech, tmp_path: Path, path_dir: Path
) -> None:
    speech.script.heard = ["Hello.", "Bye."]
    # The last silence is too short for the second end: it comes with the end of the stream.
    speech.script.final_ms = 1000
    ready = tmp_path / "ready"
    file = recording(tmp_path / "a.wav")
    program(path_dir, "arecord", MICROPHONE.format(file=str(file), ready=str(ready)))
    running = await process("transcribe", "--microphone")
    async with asyncio.timeout(60):
        while not (  # noqa: ASYNC110 - a file is no event
            ready.exists() and speech.received_s and speech.received_s[0] >= 3.9
        ):
            await asyncio.sleep(0.05)
    running.send_signal(signal.SIGINT)
    result = await ended(running)
    assert (result.status, result.out) == (0, "Hello.\nBye.\n"), result.err


async def test_a_microphone_that_fails_is_an_error(speech: ListedSpeech, path_dir: Path) -> None:
    program(path_dir, "arecord", "import sys\nsys.exit('cannot open device')")
    result = await ended(await process("transcribe", "--microphone"))
    assert (result.status, "cannot open device" in result.err) == (1, True), result.err


async def test_voices_and_models_are_listed(cli: Cli, speech: ListedSpeech) -> None:
    result = await cli("voices")
    assert result.status == 0
    assert [line.split()[0] for line in result.out.splitlines()] == ["VOICE", "fake"]
    assert (await cli("voices", "--language", "de", "--json")).json == {"voices": []}
    assert (await cli("voices", "--json")).json["voices"][0]["sample_rate_hertz"] == 24_000
    told = (await cli("--json", "models")).json["models"]
    assert [(each["name"], each["is_default"]) for each in told] == [("ear", True)]
    assert "ear" in (await cli("models")).out
