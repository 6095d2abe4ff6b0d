"""Builds the Grafana dashboards in `configs/grafana/dashboards/` from the tables below.

`python scripts/dashboards.py` writes them, `--check` compares and ends with 1 when one is stale.
Grafana reads the files only (`allowUiUpdates: false`): a change is made here.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "configs" / "grafana" / "dashboards"
_DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
_COLUMNS = 24
_HEIGHT = 8


@dataclasses.dataclass(frozen=True)
class Query:
    """One line of a panel: a PromQL expression and its legend."""

    expression: str
    legend: str


@dataclasses.dataclass(frozen=True)
class Panel:
    """One panel; `unit` is Grafana's name of it, `target` draws a line at a promised value."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    about: str = ""
    kind: str = "timeseries"
    width: int = 8
    target: float | None = None


@dataclasses.dataclass(frozen=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclasses.dataclass(frozen=True)
class Dashboard:
    """One file."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]


def quantiles(metric: str, *labels: str) -> tuple[Query, ...]:
    """Median and 95th percentile of a histogram over the dashboard's rate interval."""
    by = ", ".join(("le", *labels))
    tail = f" {' '.join(f'{{{{{label}}}}}' for label in labels)}" if labels else ""
    return tuple(
        Query(
            f"histogram_quantile({quantile}, "
            f"sum by ({by}) (rate({metric}_bucket[$__rate_interval])))",
            f"{name}{tail}",
        )
        for quantile, name in ((0.5, "p50"), (0.95, "p95"))
    )


CONVERSATION = Dashboard(
    uid="trinity-conversation",
    title="Trinity: conversation",
    about="What callers feel, and the speech server behind it.",
    rows=(
        Row(
            "What callers feel",
            (
                Panel(
                    "Answer after the caller's last word",
                    quantiles("agent_turn_latency_seconds", "phase"),
                    unit="s",
                    about="By stage; e2e: from the end of speech to the first audio of the answer.",
                    width=12,
                    target=1.5,
                ),
                Panel(
                    "Calls",
                    (
                        Query("sum(agent_sessions_active)", "active"),
                        Query("sum(agent_queue_calls)", "in the queue"),
                        Query(
                            "sum by (outcome) (increase(agent_sessions_total[$__rate_interval]))",
                            "ended: {{outcome}}",
                        ),
                    ),
                    width=6,
                ),
                Panel(
                    "Interruptions",
                    (
                        Query(
                            "sum by (kind) (rate(agent_interruptions_total[$__rate_interval]))",
                            "{{kind}}",
                        ),
                        Query("sum(rate(agent_cut_offs_total[$__rate_interval]))", "cut off"),
                    ),
                    unit="cps",
                    about="false: taken back, because nothing was said; cut off: the agent began "
                    "while the caller only paused.",
                    width=6,
                ),
            ),
        ),
        Row(
            "What went wrong in a call",
            (
                Panel(
                    "The agent spoke in place of a failed part",
                    (
                        Query(
                            "sum by (reason) (increase(agent_fallbacks_total[$__rate_interval]))",
                            "{{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Recognition streams opened again",
                    (
                        Query(
                            "sum(increase(agent_stt_reconnects_total[$__rate_interval]))",
                            "reconnects",
                        ),
                    ),
                ),
                Panel(
                    "Transcript messages",
                    (
                        Query(
                            "sum by (result) "
                            "(increase(agent_transcript_messages_total[$__rate_interval]))",
                            "{{result}}",
                        ),
                    ),
                    about="lost: Redis did not take it in time.",
                ),
            ),
        ),
        Row(
            "Recognition",
            (
                Panel(
                    "Final after the end of speech",
                    quantiles("stt_final_delay_seconds", "reason"),
                    unit="s",
                ),
                Panel("First interim", quantiles("stt_first_partial_seconds"), unit="s"),
                Panel(
                    "Utterances",
                    (
                        Query(
                            "sum by (reason) (rate(stt_utterances_total[$__rate_interval]))",
                            "{{reason}}",
                        ),
                        Query(
                            "sum by (reason) (rate(stt_filtered_total[$__rate_interval]))",
                            "held back: {{reason}}",
                        ),
                    ),
                    unit="cps",
                ),
            ),
        ),
        Row(
            "Synthesis",
            (
                Panel("First audio", quantiles("tts_first_audio_seconds"), unit="s", target=0.3),
                Panel("Between two chunks", quantiles("tts_inter_chunk_seconds"), unit="s"),
                Panel(
                    "Underruns",
                    (Query("sum(rate(tts_underruns_total[$__rate_interval]))", "underruns"),),
                    unit="cps",
                    about="Audio that came after the audio before it had been played.",
                ),
            ),
        ),
        Row(
            "Room left",
            (
                Panel(
                    "Streams of capacity",
                    (
                        Query(
                            "sum by (kind) (speech_streams_active)"
                            " / sum by (kind) (speech_streams_capacity)",
                            "{{kind}}",
                        ),
                    ),
                    unit="percentunit",
                    target=0.85,
                ),
                Panel(
                    "Wait for the device",
                    quantiles("speech_queue_wait_seconds", "kind"),
                    unit="s",
                    about="The first thing to grow under load.",
                ),
                Panel(
                    "Computing time for a second of audio",
                    quantiles("speech_realtime_factor", "kind"),
                    about="Below 1: faster than real time.",
                    target=1.0,
                ),
                Panel(
                    "Refused streams",
                    (
                        Query(
                            "sum by (kind, reason)"
                            " (rate(speech_admission_rejections_total[$__rate_interval]))",
                            "{{kind}}: {{reason}}",
                        ),
                    ),
                    unit="cps",
                ),
                Panel(
                    "Ended streams that failed",
                    (
                        Query(
                            "sum by (kind, code)"
                            ' (rate(speech_streams_total{code!="OK"}[$__rate_interval]))',
                            "{{kind}}: {{code}}",
                        ),
                    ),
                    unit="cps",
                ),
                Panel(
                    "Ready",
                    (
                        Query("speech_ready", "{{instance}} {{service}}"),
                        Query("control_part_up", "{{part}}"),
                    ),
                    about="1: takes work.",
                ),
            ),
        ),
        Row(
            "Rooms and the control API",
            (
                Panel(
                    "Rooms and participants",
                    (
                        Query("sum(livekit_room_total)", "rooms"),
                        Query("sum(livekit_participant_total)", "participants"),
                    ),
                ),
                Panel(
                    "HTTP requests",
                    (
                        Query(
                            "sum by (route, status) (rate("
                            "control_http_request_duration_seconds_count[$__rate_interval]))",
                            "{{route}} {{status}}",
                        ),
                    ),
                    unit="reqps",
                ),
                Panel(
                    "HTTP latency",
                    quantiles("control_http_request_duration_seconds", "route"),
                    unit="s",
                ),
            ),
        ),
    ),
)

DASHBOARDS = {"conversation.json": CONVERSATION}


def _panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.target is not None:
        steps.append({"color": "red", "value": panel.target})
    custom: dict[str, Any] = {"fillOpacity": 8, "lineWidth": 2, "showPoints": "never"}
    if panel.target is not None:
        custom["thresholdsStyle"] = {"mode": "dashed"}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _DATASOURCE,
        "gridPos": {"h": _HEIGHT, "w": panel.width, "x": x, "y": y},
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "custom": custom,
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _DATASOURCE,
                "editorMode": "code",
                "expr": query.expression,
                "legendFormat": query.legend,
                "range": True,
            }
            for index, query in enumerate(panel.queries)
        ],
    }


def render(dashboard: Dashboard) -> str:
    """The JSON that Grafana's file provider loads."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row in dashboard.rows:
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": row.title,
                "collapsed": False,
                "gridPos": {"h": 1, "w": _COLUMNS, "x": 0, "y": y},
                "panels": [],
            }
        )
        y += 1
        x = 0
        for panel in row.panels:
            if x + panel.width > _COLUMNS:
                x, y = 0, y + _HEIGHT
            panels.append(_panel(panel, len(panels) + 1, x, y))
            x += panel.width
        y += _HEIGHT
    content = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["trinity"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "panels": panels,
    }
    return json.dumps(content, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes the dashboards, or compares them with `--check`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; 1 when one is stale")
    options = parser.parse_args(arguments)
    stale = []
    for name, dashboard in DASHBOARDS.items():
        path, text = FOLDER / name, render(dashboard)
        if options.check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"stale: {', '.join(stale)}; run: python scripts/dashboards.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
