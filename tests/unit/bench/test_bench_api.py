"""Raw lines of the API's bench, and the page that is made of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.api.page import PAGE, RAW, page
from bench.api.records import Record
from bench.result import Machine, Result, target


def record(rate: float, p99: float, *, void: bool = False) -> Record:
    targets = [
        target("tokens_rate_one_core", rate, "tokens/s", ">=", 200),
        target("token_p99_at_200_per_s", p99, "ms", "<=", 50),
        target("token_failures", 0.0, "requests", "<=", 0),
    ]
    return Record(
        begun=datetime(2026, 1, 1, tzinfo=UTC),
        result=Result(bench="api", commit=f"c{rate:.0f}", void=void, targets=targets),
        machine=Machine.read(),
        settings={"rate": 200.0, "seconds": 30.0, "connections": 32},
        bare_rate=2 * rate,
        full_rate=rate,
        core_used=0.5,
        core_taken=0.02,
        latency_ms=[1.0] * 90 + [p99] * 10,
        send_lag_ms=[0.1] * 100,
    )


def test_runs_are_kept_and_told_but_not_those_that_are_void(tmp_path: Path) -> None:
    runs = [record(400, 9), record(150, 80), record(999, 1, void=True)]
    for each in runs:
        each.append(tmp_path / "api" / "tokens.jsonl")
    read = Record.read(tmp_path / "api" / "tokens.jsonl")
    assert read == runs
    good, bad = [line for line in page(read).splitlines() if line.startswith(("| c4", "| c1"))]
    assert good == (
        "| c400 | 400 | >= 200: yes | 50% | 1.0 | 9.0 | <= 50: yes | 9.0 | 50% | 2% | 0 | 0.1 |"
    )
    assert ">= 200: no" in bad and "<= 50: no" in bad
    assert "not in the table: 1." in page(read)


@pytest.mark.skipif(not RAW.is_file(), reason="nothing was measured")
def test_the_page_is_made_of_the_raw_lines() -> None:
    assert PAGE.read_text() == page(Record.read(RAW)), "run `python -m bench.api.page`"
