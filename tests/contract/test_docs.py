"""The generated pages are those that the code gives, and every setting and metric is explained."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def rows(page: str) -> list[list[str]]:
    lines = (DOCS / page).read_text().splitlines()
    found = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in lines
        if line.startswith("| `")
    ]
    assert found
    return found


def test_the_generated_pages_are_current() -> None:
    # A process of its own: the metrics of three services do not share one registry.
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "gen_docs.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", ["settings.md", "metrics.md"])
def test_everything_is_explained(page: str) -> None:
    assert [row[0] for row in rows(page) if len(row[-1]) < 5] == []


def test_metrics_are_named_by_their_unit() -> None:
    for name, kind, *_ in rows("metrics.md"):
        plain = name.strip("`")
        assert plain.startswith(("speech_", "stt_", "tts_", "agent_", "control_")), plain
        assert plain.endswith("_total") == (kind == "counter"), plain
        if "latency" in plain or "duration" in plain or "_delay" in plain:
            assert plain.endswith("_seconds"), plain
        assert not plain.endswith(("_ms", "_milliseconds")), plain
