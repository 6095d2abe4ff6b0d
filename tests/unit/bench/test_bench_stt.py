import asyncio

import numpy as np
import pytest
import soundfile

from bench.result import Machine
from bench.stt import figures, plots, records, tables
from bench.stt.caller import Ways, speak
from bench.stt.clips import Clip, load_clips, spread
from bench.stt.pace import complete_at, room, words_of
from bench.stt.page import page
from bench.stt.records import Final, Head, Heard, Records, Used
from bench.stt.settings import PARTS, SttBenchSettings
from tests.support.stt_rig import rig


def heard(**fields: object) -> Heard:
    values: dict[str, object] = {
        "scene": "endpoint",
        "clip": "c",
        "tag": "read",
        "source": figures.HEADLINE,
        "reference": "red blue green black",
        "seconds": 2.0,
        "start_s": 0.1,
        "end_s": 1.5,
        "text": "red blue green black",
        "finals": [Final(text="red blue green black", at_s=2.0, reason="ENDPOINT", held=True)],
        "complete_s": 2.0,
        **fields,
    }
    return Heard.model_validate(values)


def write_clip(folder, name, seconds, tag="read"):
    rng = np.random.default_rng(1)
    soundfile.write(folder / name, rng.normal(0, 0.1, int(16_000 * seconds)), 16_000)
    return Clip(folder / name, "red", tag, "set", "en", 16_000, seconds, 0.0, seconds, 0.0)


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


def test_parts_are_chosen_by_name(monkeypatch):
    monkeypatch.setenv("PARTS", "alone, peer")
    assert SttBenchSettings().parts == ("alone", "peer")
    monkeypatch.setenv("PARTS", "")
    assert SttBenchSettings().parts == PARTS
    monkeypatch.setenv("PARTS", "nonsense")
    with pytest.raises(ValueError, match="nonsense"):
        SttBenchSettings()


async def test_several_recordings_of_one_stream_are_told_apart(tmp_path):
    clips = [write_clip(tmp_path, f"{n}.wav", 0.4 + 0.2 * n) for n in range(3)]
    async with rig() as server:
        target = f"127.0.0.1:{server.server.port}"
        found = await speak(target, clips, Ways(tail_s=1.0, speed=4.0))
        assert [len(one.finals) for one in found] == [1, 1, 1]
        for one, clip in zip(found, clips, strict=True):
            final = one.finals[0]
            assert final.held
            assert final.reason == "ENDPOINT"
            assert abs(final.end_ms - clip.seconds * 1000) <= 64
            assert final.after_endpoint_s is not None
            assert one.lags == len(range(round((clip.seconds + 1.0) * 20)))
        (forced,) = await speak(target, clips[:1], Ways(force=True, speed=4.0))
        assert [final.reason for final in forced.finals] == ["FORCED"]


async def test_a_refused_caller_is_noted(tmp_path):
    clip = write_clip(tmp_path, "a.wav", 0.3)
    async with rig(stt_max_streams=1) as server:
        target = f"127.0.0.1:{server.server.port}"
        both = await asyncio.gather(*(speak(target, [clip], Ways(tail_s=1.0)) for _ in range(2)))
    refused = [one for (one,) in both if one.refused]
    assert len(refused) == 1
    assert "RESOURCE_EXHAUSTED" in refused[0].error


def test_the_peers_text_is_complete_when_it_was_there_after_the_end():
    shown = [(1.0, "Red"), (1.4, "Red blue"), (2.5, "red, blue!"), (3.0, "Red blue.")]
    assert complete_at(shown, 1.5) == 2.5
    assert complete_at(shown, 1.2) == 1.4
    assert complete_at([(1.0, "Red")], 1.5) is None


def test_words_have_no_case_and_no_marks():
    assert words_of("It's RED, blue!") == ["it's", "red", "blue"]
    assert np.abs(room(1000)).max() < 0.01


def test_raw_figures_are_read_as_they_were_written(tmp_path):
    def head(part, commit):
        return Head(part=part, commit=commit, machine=Machine.read(), began="", settings={})

    records.write(tmp_path / "a.jsonl", head("alone", "x"), [heard(), Used(scene="endpoint")])
    records.write(tmp_path / "b.jsonl", head("words", "y"), [heard(scene="words")])
    read = records.read(tmp_path, "x")
    assert [one.scene for one in read.heard] == ["endpoint"]
    assert read.heard[0] == heard()
    assert len(read.used) == 1
    assert len(records.read(tmp_path).heard) == 2


def test_a_final_while_there_is_more_to_say_is_premature():
    two = [Final(text="red", at_s=1.0), Final(text="blue", at_s=2.0), Final(text="", at_s=5.0)]
    assert heard(finals=two).premature
    assert not heard(finals=two[1:]).premature
    assert figures.premature([heard(finals=two), heard(finals=two, pause_s=0.6)]) == 1
    assert figures.premature([heard()]) is None


def test_wer_has_an_interval():
    pairs = [("red blue", "red blue"), ("green black", "green white")] * 10
    rate, low, high = figures.wer_interval(pairs)
    assert rate == 25
    assert low < rate < high
    assert figures.percentile([], 50) is None


def test_capacity_stops_where_words_are_lost_or_late():
    def sweep(streams, **fields):
        return heard(scene="continuous", streams=streams, **fields)

    quiet = [heard(scene="words")]
    good = [sweep(1), sweep(2)]
    late, lost = sweep(4, complete_s=4.0), sweep(4, text="red")
    for bad in (late, lost, sweep(4, error="INTERNAL"), sweep(4, finals=[])):
        assert figures.capacity(Records(heard=[*quiet, *good, bad]), "continuous") == 2
    assert figures.capacity(Records(heard=[*quiet, sweep(1), lost, sweep(6)]), "continuous") == 1
    assert figures.capacity(Records(), "continuous") is None


def test_recall_and_held_preflights():
    words = [heard(reference="Yes.", text="Yes"), heard(reference="no", text="Know.")]
    assert figures.recall(words) == 0.5
    missed = heard(finals=[Final(text="red", at_s=2, reason="ENDPOINT", after_endpoint_s=0.1)])
    assert figures.held([heard(), missed]) == 0.5
    assert figures.after_endpoint([missed]) == []
    assert figures.unstable_ratio([heard(unstable_words=2)]) == 0.5


def test_growth_is_read_from_the_later_streams():
    def many(done, mb):
        return Used(scene="many streams", done=done, memory_mb=mb)

    used = [many(0, 300), many(50, 420), many(100, 421), many(150, 422)]
    used += [
        Used(scene="open streams", streams=count, memory_mb=mb)
        for count, mb in ((0, 422), (4, 442))
    ]
    assert figures.growth(Records(used=used)) == (5, 1)
    assert figures.growth(Records()) == (None, None)


def test_targets_compare_with_the_peers_of_the_run(tmp_path):
    peer = heard(system=figures.PEER, complete_s=3.5)
    plain = heard(scene="finished", system=figures.BEAM5, text="red blue green", complete_s=3.5)
    found = Records(
        heard=[heard(), heard(scene="forced", complete_s=1.9), heard(scene="words"), peer, plain],
        used=[Used(scene="endpoint", cpu_s=1.0, speech_s=4.0, memory_mb=500)],
    )
    named = {one.name: one for one in figures.targets(found)}
    assert named["times sooner than WhisperLive"].value == 4
    assert named["times faster than plain beam 5"].value == 5
    assert named[f"WER above plain beam 5, {figures.HEADLINE}"].value == -25
    assert named["CPU a second of speech, interims"].value == 0.25
    sheets = tables.sheets(found, list(named.values()))
    assert {sheet.title for sheet in sheets} >= {"Targets", "One stream", "Words"}
    assert all(len(row) == len(sheet.head) for sheet in sheets for row in sheet.rows)
    assert [path.name for path in plots.draw(found, tmp_path)] == ["delays.svg"]


def test_nothing_measured_reaches_nothing():
    assert not any(one.ok for one in figures.targets(Records()))


def test_the_page_is_made_of_the_raw_lines(tmp_path):
    head = Head(
        part="alone",
        commit="abc1234",
        machine=Machine.read(),
        began="2026-01-02T03:04:05",
        settings={},
    )
    records.write(tmp_path / "alone.jsonl", head, [heard(), heard(clip="d", complete_s=2.5)])
    written = page(records.read(tmp_path))
    assert "alone (abc1234, 2026-01-02T03:04:05)" in written
    assert "| final after speech, p50 | 0.75 s | <= 0.6 | no |" in written
    assert "| invented finals | not measured |" in written
