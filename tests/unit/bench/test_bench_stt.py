import numpy as np
import pytest
import soundfile

from bench.stt.caller import Heard
from bench.stt.clips import load_clips, spread
from bench.stt.figures import capacity, delays, percentile, recall, targets, wer_interval
from bench.stt.measure import Run


def heard(**fields: object) -> Heard:
    values = {
        "clip": "c",
        "tag": "read",
        "reference": "red blue green black",
        "seconds": 2.0,
        "start_s": 0.1,
        "end_s": 1.5,
        "pause_s": 0.0,
        "finals": ["red blue green black"],
        "final_at_s": [2.0],
        **fields,
    }
    return Heard(**values)


def test_clips_are_read_with_their_details(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((800, 2)), 8000)
    (tmp_path / "manifest.tsv").write_text('a.wav\tsaid "so"\tsource\tCC0\n')
    head = "file duration_s rate_hz speech_start_s speech_end_s max_pause_s speaker lang tag"
    row = ["a.wav", "0.1", "8000", "", "", "", "", "", "negative", "set", ""]
    (tmp_path / "details.tsv").write_text(
        "\t".join([*head.split(), "source_set", "note"]) + "\n" + "\t".join(row) + "\n"
    )
    (clip,) = load_clips(tmp_path)
    assert (clip.text, clip.tag, clip.language, clip.end_s) == ('said "so"', "negative", "en", 0.1)
    assert clip.samples.shape == (800,)
    assert spread([clip] * 10, 3) == [clip] * 3


def test_delay_counts_from_the_true_end_to_the_last_words():
    one = heard(finals=["red blue", "green black", ""], final_at_s=[1.0, 2.1, 5.0])
    assert one.final_delay_s == pytest.approx(0.6)
    assert one.premature
    assert delays([heard(finals=[""], final_at_s=[2.0])]) == []


def test_wer_has_an_interval():
    pairs = [("red blue", "red blue"), ("green black", "green white")] * 10
    rate, low, high = wer_interval(pairs)
    assert rate == 25
    assert low < rate < high
    assert percentile([], 50) is None


def test_capacity_stops_where_words_are_lost_or_late():
    late = heard(final_at_s=[4.0])
    lost = heard(finals=["red"])
    failed = heard(error="INTERNAL")
    good = [heard()] * 3
    assert capacity(Run(sweep={1: good, 2: good, 4: [late] * 3})) == 2
    assert capacity(Run(sweep={1: good, 2: [lost] * 3, 4: good})) == 1
    assert capacity(Run(sweep={1: good, 2: [*good, failed]})) == 1
    assert capacity(Run()) == 0


def test_recall_of_isolated_words():
    words = [
        heard(reference="Yes.", finals=["Yes"]),
        heard(reference="thank you", finals=["Thank you!"]),
        heard(reference="no", finals=["Know."]),
        heard(),
    ]
    assert recall(words) == (3, 2)


def test_nothing_measured_reaches_nothing_that_needs_a_figure():
    found = {one.name: one for one in targets(Run())}
    assert not found["final after speech, p50"].ok
    assert not found["streams of continuous speech"].ok
