"""Telephones: keys, answering machines, echo."""

import asyncio

import numpy as np
import pytest
from livekit import rtc

from agent.echo import EchoCanceller
from agent.telephone.answering import Answer, AnsweringMachine
from agent.telephone.keypad import Keypad


class Deaf:
    """Stands for a session of which only the events are wanted."""

    def on(self, *_: object) -> None: ...
    def off(self, *_: object) -> None: ...


async def test_keys_are_gathered_until_the_hash() -> None:
    entries: list[str] = []
    pressed: list[int] = []
    keypad = Keypad(entries.append, lambda: pressed.append(1))
    for key in "12x34#":
        keypad.press(key)
    assert entries == ["1234"]
    assert len(pressed) == 5
    keypad.press("#")
    assert entries == ["1234"]


async def test_keys_are_gathered_until_a_pause() -> None:
    entries: list[str] = []
    keypad = Keypad(entries.append, pause_s=0.05)
    keypad.press("7")
    keypad.press("*")
    await asyncio.sleep(0.2)
    assert entries == ["7*"]
    keypad.press("1")
    keypad.close()
    await asyncio.sleep(0.1)
    assert entries == ["7*"]


def machine(text: str, spoken_s: float, silent_since_s: float | None) -> AnsweringMachine:
    found = AnsweringMachine(Deaf())  # type: ignore[arg-type]
    found._text, found._spoken_s, found._silent_since_s = text, spoken_s, silent_since_s
    return found


@pytest.mark.parametrize(
    ("text", "spoken_s", "silent_since_s", "turn_over", "answer"),
    [
        ("", 0.0, None, False, None),
        ("Hello?", 0.5, 9.9, False, None),
        ("Hello?", 0.5, 9.8, True, Answer.PERSON),
        ("Miller.", 0.5, 8.0, False, Answer.PERSON),
        ("You have reached the Millers. Please leave a message", 2.0, None, False, Answer.MACHINE),
        ("The person you are calling is not available", 2.0, 9.9, True, Answer.MACHINE),
        ("Hi this is Ann from the office what can I do", 3.2, 8.4, True, Answer.PERSON),
    ],
)
def test_who_answered_is_told_by_the_words(
    text: str, spoken_s: float, silent_since_s: float | None, turn_over: bool, answer: Answer | None
) -> None:
    found = machine(text, spoken_s, silent_since_s)
    found._turn_over = turn_over
    assert found.judge(10.0, 2.0) is answer


def test_who_talks_on_and_on_is_a_machine() -> None:
    found = machine("", 2.0, None)
    found._speaking_since_s = 6.0
    assert found.judge(8.0, 4.0) is None
    assert found.judge(9.1, 5.0) is Answer.MACHINE


def test_who_says_nothing_is_greeted() -> None:
    assert machine("", 0.0, None).judge(10.0, 3.1) is Answer.NOBODY


def frame(samples: np.ndarray, rate_hz: int) -> rtc.AudioFrame:
    return rtc.AudioFrame(samples.astype("<i2").tobytes(), rate_hz, 1, len(samples))


async def test_the_echo_of_the_agents_voice_is_taken_out() -> None:
    rate = 16_000
    # Speech-like: noise whose loudness comes and goes.
    rng = np.random.default_rng(3)
    times = np.arange(rate * 8) / rate
    voice = rng.normal(0, 3000, len(times)) * (0.3 + 0.7 * (np.sin(2 * np.pi * 3 * times) > 0))
    delay = int(0.12 * rate)
    echo = 0.4 * np.concatenate([np.zeros(delay), voice[:-delay]])
    canceller = EchoCanceller()
    left: list[np.ndarray] = []
    size = rate // 50
    for at in range(0, len(voice) - size, size):
        canceller.hear_far(frame(voice[at : at + size], rate))
        out = canceller._process(frame(echo[at : at + size], rate))
        left.append(np.frombuffer(bytes(out.data), "<i2").astype(float))
    canceller._close()
    last = np.concatenate(left)[-2 * rate :]
    before = np.sqrt(np.mean(echo[-2 * rate :] ** 2))
    assert 20 * np.log10(before / max(1.0, np.sqrt(np.mean(last**2)))) > 15


async def test_a_callers_own_voice_stays() -> None:
    rate = 16_000
    rng = np.random.default_rng(4)
    voice = rng.normal(0, 3000, rate * 2)
    canceller = EchoCanceller()
    out = [
        np.frombuffer(
            bytes(canceller._process(frame(voice[at : at + 320], rate)).data), "<i2"
        ).astype(float)
        for at in range(0, len(voice) - 320, 320)
    ]
    canceller._close()
    heard = np.concatenate(out)[rate:]
    assert np.sqrt(np.mean(heard**2)) > 1500
