"""Real telephone calls: a softphone, livekit-sip, LiveKit, and the assistant on the other side."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from livekit import rtc

from caller import CallerSettings, load_clips
from stack import Stack, free_base
from tests.support import softphone as phones
from tests.support.softphone import RATE_HZ, Softphone

WAIT_S = 60


class Trinity:
    """The command `trinity`, as a person types it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = {**os.environ, **environment}

    def __call__(self, *arguments: str, may_end: tuple[int, ...] = (0,)) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "trinity_cli", "--json", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode in may_end, f"trinity {' '.join(arguments)}: {done.stderr}"
        return json.loads(done.stdout or "null")

    def until(self, true: Callable[[Any], Any], *arguments: str) -> Any:
        """Ask again and again until it is so."""
        give_up = time.monotonic() + WAIT_S
        while True:
            try:
                if true(told := self(*arguments)):
                    return told
            except AssertionError:
                told = None  # the room's transcript is not there yet
            assert time.monotonic() < give_up, f"trinity {' '.join(arguments)}: {told}"
            time.sleep(0.3)


@pytest.fixture(scope="module")
def trinity(stack: Stack) -> Trinity:
    if stack.addresses.sip_address is None:
        pytest.skip("livekit-sip is not on PATH: NO telephone call was placed, this did not run")
    return Trinity(stack.environment)


@pytest.fixture(scope="module")
def softphone(
    trinity: Trinity,
    caller_settings: CallerSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Softphone]:
    if phones.program() is None:
        pytest.skip("baresip is not on PATH (Debian: baresip-core): NO telephone call was placed")
    folder = tmp_path_factory.mktemp("softphone")
    clip, *_ = asyncio.run(load_clips(caller_settings))
    soundfile.write(folder / "question.wav", clip.samples, clip.rate_hz)
    speech = phones.speech_of(folder / "question.wav", before_s=12, after_s=120)
    with Softphone(folder / "state", free_base(), speech) as phone:
        trinity("sip", "setup", "softphone", "--ring", phone.address)
        yield phone


def said(messages: dict[str, Any], speaker: str) -> list[str]:
    return [each["text"] for each in messages["messages"] if each["speaker"] == speaker]


def words(text: str) -> set[str]:
    return {"".join(filter(str.isalpha, word)).lower() for word in text.split()} - {""}


def understood(trinity: Trinity, samples: np.ndarray, file: Path) -> str:
    soundfile.write(file, samples, RATE_HZ, subtype="PCM_16")
    return str(trinity("transcribe", str(file), "--language", "en")["text"])


async def digits_in(room_name: str, token: dict[str, Any], press: Callable[[], None]) -> str:
    """Give the digit that those in a room are told of, once `press` was called."""
    room = rtc.Room()
    digit: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def received(event: rtc.SipDTMF) -> None:
        if not digit.done():
            digit.set_result(event.digit)

    room.on("sip_dtmf_received", received)
    await room.connect(token["server_url"], token["participant_token"])
    try:
        await asyncio.to_thread(press)
        return await asyncio.wait_for(digit, 20)
    finally:
        await room.disconnect()


def test_a_softphone_calls_is_greeted_asks_dials_and_is_hung_up(
    trinity: Trinity, softphone: Softphone, stack: Stack, tmp_path: Path
) -> None:
    softphone.dial(f"sip:trinity@{stack.addresses.sip_address}")
    softphone.wait("CALL_ESTABLISHED")
    rooms = trinity.until(lambda told: told["rooms"], "rooms", "list")["rooms"]
    (room,) = [each["name"] for each in rooms if each["name"].startswith("call-")]
    people = trinity("rooms", "show", room)["participants"]
    assert {each["kind"] for each in people} == {"agent", "sip"}

    talk = trinity.until(lambda told: said(told, "agent"), "transcripts", "show", room)
    greeting = said(talk, "agent")[0]
    token = trinity("token", "--room", room, "--alone")
    assert asyncio.run(digits_in(room, token, lambda: softphone.press("5"))) == "5"
    talk = trinity.until(lambda told: said(told, "user"), "transcripts", "show", room)
    assert len(words(" ".join(said(talk, "user"))) & words("what is the weather like")) >= 2

    trinity("rooms", "close", room)
    softphone.wait("CALL_CLOSED")
    heard = softphone.heard()
    assert np.abs(heard.astype(np.int32)).max() > 1000
    text = understood(trinity, heard, tmp_path / "heard.wav")
    assert len(words(text) & words(greeting)) >= len(words(greeting)) / 2, (text, greeting)


def test_a_softphone_rings_is_greeted_and_is_hung_up(
    trinity: Trinity, softphone: Softphone, tmp_path: Path
) -> None:
    with ThreadPoolExecutor() as threads:
        calling = threads.submit(trinity, "call", "softphone", "--trunk", "softphone")
        softphone.wait("CALL_INCOMING")
        # Longer than the assistant needs to come: it must not greet a telephone that rings.
        time.sleep(6)
        softphone.accept()
        call = calling.result(WAIT_S)
    assert call["state"] == "active"
    softphone.wait("CALL_ESTABLISHED")
    talk = trinity.until(lambda told: said(told, "agent"), "transcripts", "show", call["room"])
    trinity("calls", "dtmf", call["id"], "7")
    assert softphone.wait("CALL_DTMF_START")["param"] == "7"
    trinity("calls", "hangup", call["id"])
    softphone.wait("CALL_CLOSED")
    trinity.until(lambda told: told["state"] == "ended", "calls", "show", call["id"])
    text = understood(trinity, softphone.heard(), tmp_path / "heard.wav")
    greeting = said(talk, "agent")[0]
    assert len(words(text) & words(greeting)) >= len(words(greeting)) / 2, (text, greeting)


def test_who_is_not_let_in_is_not_answered_and_opens_no_room(
    trinity: Trinity, softphone: Softphone, stack: Stack, tmp_path: Path
) -> None:
    before = {each["name"] for each in trinity("rooms", "list")["rooms"]}
    silence = np.zeros(RATE_HZ)
    with Softphone(tmp_path / "stranger", free_base(), silence, "127.0.0.2") as stranger:
        stranger.dial(f"sip:trinity@{stack.addresses.sip_address}")
        softphone.dial(f"sip:somebody-else@{stack.addresses.sip_address}")
        assert not stranger.happened("CALL_ESTABLISHED", within_s=5)
        assert not softphone.happened("CALL_ESTABLISHED", within_s=0.1)
        rooms = {each["name"] for each in trinity("rooms", "list")["rooms"]}
        assert rooms <= before
        softphone.hang_up()
        softphone.wait("CALL_CLOSED")


@pytest.fixture
def linphone(
    trinity: Trinity, softphone: Softphone, stack: Stack, tmp_path: Path
) -> Iterator[tuple[str, set[str]]]:
    """Linphone's console client, started by the lines of docs/telephony.md; takes calls as well.

    It gives its port, and the rooms that there were before it called; whom it calls was set up
    with the softphone.
    """
    if shutil.which("linphonec") is None:
        pytest.skip("linphonec is not on PATH (Debian: linphone-cli): NO call with it was placed")
    port = str(free_base())
    before = {each["name"] for each in trinity("rooms", "list")["rooms"]}
    page = (Path(__file__).parents[3] / "docs" / "telephony.md").read_text()
    (block,) = [
        each for each in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if "linphonec" in each
    ]
    assert stack.addresses.sip_address is not None
    lines = block.replace("5070", port).replace("127.0.0.1:5060", stack.addresses.sip_address)
    process = subprocess.Popen(
        ["sh", "-ec", lines.replace("linphonec -c", "exec linphonec -a -c")],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield port, before
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdin is not None
    process.stdin.close()


def test_linphone_calls_and_rings_as_the_page_says(
    trinity: Trinity, linphone: tuple[str, set[str]]
) -> None:
    port, before = linphone
    trinity("sip", "setup", "softphone", "--name", "linphone", "--number", "trinity-too",
            "--ring", f"127.0.0.1:{port}")  # fmt: skip

    def new(told: dict[str, Any]) -> set[str]:
        return {each["name"] for each in told["rooms"]} - before

    (room,) = new(trinity.until(new, "rooms", "list"))
    talk = trinity.until(lambda told: said(told, "agent"), "transcripts", "show", room)
    assert said(talk, "agent")
    # Not found: without a sound card it sends nothing, and livekit-sip ends such a call after 30 s.
    trinity("rooms", "close", room, may_end=(0, 5))
    call = trinity("call", "linphone", "--trunk", "linphone")
    assert call["state"] == "active"
    trinity("calls", "hangup", call["id"])
