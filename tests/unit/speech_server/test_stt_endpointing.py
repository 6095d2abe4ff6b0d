from dataclasses import replace

import pytest

from speech_server.settings import Settings
from speech_server.stt.endpointing import (
    FADE_MS,
    HELD_MS,
    LEAD_MS,
    Began,
    Ended,
    Ending,
    Endpointer,
    Endpointing,
    Fading,
    InDoubt,
    Paused,
    Resumed,
)

DEFAULTS = replace(
    Endpointing.of(Settings()),
    min_speech_ms=64,
    preflight_silence_ms=128,
    stop_silence_ms=320,
    max_stop_silence_ms=960,
    end_of_turn_threshold=0.9,
)
V, U, S = 0.95, 0.4, 0.01


def run(windows, *, patient=False, config=DEFAULTS, judge=None):
    endpointer = Endpointer(config, patient=patient)
    events = []
    for probability in windows:
        for event in endpointer.push(probability):
            if not isinstance(event, Ending | InDoubt):
                events.append((endpointer.clock_ms, event))
            if isinstance(event, InDoubt) and judge is not None:
                endpointer.judge(judge)
    return events


def test_speech_between_silences():
    events = run([S] * 10 + [V] * 20 + [S] * 20)
    assert events == [
        (384, Began(320)),
        (1088, Paused(960)),
        (1280, Ended(960)),
    ]


def test_a_click_is_no_utterance():
    assert run([S] * 10 + [V] + [S] * 30) == []


def test_two_clicks_apart_are_none_and_near_are_one():
    assert run([V] + [S] * 3 + [V] + [S] * 30) == []
    assert run([V] + [S] + [V] + [S] * 30)[0] == (96, Began(0))


def test_doubtful_windows_neither_begin_nor_end():
    assert run([U] * 50) == []
    events = run([V] * 4 + [U] * 50)
    assert [type(e) for _, e in events] == [Began]


def test_silence_once_begun_is_not_ended_by_doubt():
    events = run([V] * 4 + [S] + [U] * 20)
    assert isinstance(events[-1][1], Ended)
    assert events[-1][1].end_ms == 128


def test_who_is_about_to_go_on_is_waited_for():
    pause = [S] * 9 + [0.1, 0.3]  # speech comes a window after the shorter stop
    events = run([V] * 4 + pause + [V] * 4 + [S] * 12)
    assert [type(e) for _, e in events] == [Began, Paused, Resumed, Paused, Ended]
    assert run([V] * 4 + [S] * 9 + [0.1, 0.1, S])[-1] == (512, Ended(128))
    # A noise that goes on holds nothing for long.
    assert run([V] * 4 + [S] * 9 + [U] * 20)[-1] == (448 + HELD_MS, Ended(128))


def test_a_pause_that_goes_on_is_resumed():
    events = run([V] * 4 + [S] * 5 + [V] * 4 + [S] * 12)
    assert [type(e) for _, e in events] == [Began, Paused, Resumed, Paused, Ended]


@pytest.mark.parametrize(
    ("probability", "end_ms"), [(0.9, 448), (0.45, 992), (0.0, 1088), (None, 1088)]
)
def test_the_turn_decides_how_long_to_wait(probability, end_ms):
    events = run([V] * 4 + [S] * 60, patient=True, judge=probability)
    assert events[-1] == (end_ms, Ended(128))


def test_without_a_turn_model_the_short_stop_counts():
    assert run([V] * 4 + [S] * 60)[-1] == (448, Ended(128))


def test_a_judgement_counts_for_its_pause_only():
    windows = [V] * 4 + [S] * 9 + [V] * 4 + [S] * 60
    endpointer = Endpointer(DEFAULTS, patient=True)
    first = True
    ended = None
    for probability in windows:
        for event in endpointer.push(probability):
            if isinstance(event, InDoubt) and first:
                endpointer.judge(0.99)
                first = False
            if isinstance(event, Ended):
                ended = endpointer.clock_ms - event.end_ms
    assert ended == 960


@pytest.mark.parametrize(
    ("stop_ms", "judged_at_ms"), [(160, 128), (256, 224), (320, 256), (2000, 256)]
)
def test_a_pause_is_judged_once_in_time_and_by_its_begin(stop_ms, judged_at_ms):
    endpointer = Endpointer(
        replace(DEFAULTS, stop_silence_ms=stop_ms, max_stop_silence_ms=4000), patient=True
    )
    judged = []
    for probability in [V] * 4 + [S] * 60:
        for event in endpointer.push(probability):
            if isinstance(event, InDoubt):
                assert event == InDoubt(256)
                judged.append(endpointer.clock_ms - 128)
                endpointer.judge(0.1)
    assert judged == [judged_at_ms]


@pytest.mark.parametrize(("scores", "waited_ms"), [((0.0, 0.9), 320), ((0.9, 0.0, None), 960)])
def test_the_latest_score_of_a_pause_counts(scores, waited_ms):
    endpointer = Endpointer(DEFAULTS, patient=True)
    for probability in [V] * 4 + [S] * 5:
        endpointer.push(probability)
    for score in scores:  # of its sound, and then of the text as well
        endpointer.judge(score)
    events = [(endpointer.clock_ms, e) for _ in range(60) for e in endpointer.push(S)]
    assert next(at for at, e in events if isinstance(e, Ended)) == 128 + waited_ms


def test_without_a_turn_model_no_pause_is_judged():
    endpointer = Endpointer(DEFAULTS, patient=False)
    events = [event for probability in [V] * 4 + [S] * 5 for event in endpointer.push(probability)]
    assert not any(isinstance(event, InDoubt) for event in events)


def test_a_short_pause_is_not_judged_and_a_quick_stop_is_in_time():
    endpointer = Endpointer(DEFAULTS, patient=True)
    for probability in [V] * 4 + [S] * 7 + [V] * 4:
        assert not any(isinstance(event, InDoubt) for event in endpointer.push(probability))
    quick = replace(DEFAULTS, preflight_silence_ms=32, stop_silence_ms=160)
    events = run([V] * 25 + [S] * 60, patient=True, config=quick, judge=1.0)
    assert events[-1] == (960, Ended(800))


def test_a_word_or_two_waits_longer_for_its_last_sound():
    config = replace(DEFAULTS, preflight_silence_ms=64)
    for windows, silence_ms in ((19, 128), (20, 64)):
        paused = next(
            e for e in run([V] * windows + [S] * 10, config=config) if isinstance(e[1], Paused)
        )
        assert paused == (windows * 32 + silence_ms, Paused(windows * 32))
    quick = replace(config, stop_silence_ms=96, max_stop_silence_ms=96)
    assert run([V] * 4 + [S] * 10, config=quick)[-1] == (224, Ended(128))


def test_a_stop_before_the_preflight_needs_none():
    config = replace(DEFAULTS, preflight_silence_ms=1000)
    events = run([V] * 4 + [S] * 60, config=config)
    assert [type(e) for _, e in events] == [Began, Ended]


def test_reset_begins_anew():
    endpointer = Endpointer(DEFAULTS, patient=False)
    for _ in range(10):
        endpointer.push(V)
    endpointer.reset()
    events = [e for _ in range(10) for e in endpointer.push(V)]
    assert events == [Began(320)]


@pytest.mark.parametrize("end_of_turn", [0.0, 0.2, 0.9])
def test_the_end_is_told_ahead_once_in_each_pause(end_of_turn):
    endpointer = Endpointer(DEFAULTS, patient=True)
    ending, ended = [], 0
    for probability in [V] * 4 + [S] * 9 + [V] * 4 + [S] * 60:
        for event in endpointer.push(probability):
            if isinstance(event, InDoubt):
                endpointer.judge(end_of_turn)
            elif isinstance(event, Ending):
                ending.append(endpointer.clock_ms)
            elif isinstance(event, Ended):
                ended = endpointer.clock_ms
    # The first pause ended before its end was near, unless the turn seemed complete.
    assert len(ending) == (2 if end_of_turn == 0.9 else 1)
    assert 0 < ended - ending[-1] <= LEAD_MS


QUICK = replace(DEFAULTS, preflight_silence_ms=32)
F = 0.55


def test_a_voice_that_fades_into_silence_is_told_ahead():
    endpointer = Endpointer(QUICK, patient=False)
    told = []
    for probability in [V] * 20 + [F, U, S]:
        for event in endpointer.push(probability):
            told.append((event, endpointer.faded_ms))
    assert told[1:] == [(Fading(), 672), (Paused(704), 672)]


def test_a_voice_that_goes_on_fades_anew():
    events = run([V] * 20 + [F, V, F, V, S], config=QUICK)
    assert [at for at, event in events if event == Fading()] == [672, 736]
    endpointer = Endpointer(QUICK, patient=False)
    for probability in [V] * 20 + [F, V, S]:
        endpointer.push(probability)
    assert endpointer.paused
    assert endpointer.faded_ms is None


def test_a_pause_that_goes_on_faintly_may_fade_again():
    events = run([V] * 20 + [F, S, F, F, S], config=QUICK)
    kinds = [type(event) for _, event in events]
    assert kinds == [Began, Fading, Paused, Resumed, Fading, Paused]


def test_a_voice_that_is_weak_for_long_may_have_said_a_word():
    for windows, faded_ms in ((FADE_MS // 32 + 1, 672), (FADE_MS // 32 + 2, None)):
        endpointer = Endpointer(QUICK, patient=False)
        for probability in [V] * 20 + [U] * windows + [S]:
            endpointer.push(probability)
        assert endpointer.paused
        assert endpointer.faded_ms == faded_ms


def test_who_wants_more_silence_before_a_preflight_gets_it():
    for windows, config in ((30, DEFAULTS), (18, QUICK)):
        assert not any(event == Fading() for _, event in run([V] * windows + [F], config=config))
