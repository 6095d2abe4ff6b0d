"""Every metric of the control API; labels come from closed sets only.

One `Telemetry` an application, with a registry of its own, so that two applications in one
process (tests) do not share numbers. `docs/metrics.md` is generated from it.
"""

from importlib.metadata import PackageNotFoundError, version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

disable_created_metrics()  # type: ignore[no-untyped-call]

# Most requests take a few milliseconds; the upper ones are time-outs.
_REQUEST_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


def package_version() -> str:
    """The installed version of Trinity, or `unknown` in a bare checkout."""
    try:
        return version("trinity")
    except PackageNotFoundError:
        return "unknown"


class Telemetry:
    """The metrics; `render()` is what `/metrics` answers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.build_info = Gauge(
            "control_build_info",
            "What runs; always 1.",
            ["version"],
            registry=self.registry,
        )
        self.build_info.labels(version=package_version()).set(1)
        self.request_duration = Histogram(
            "control_http_request_duration_seconds",
            "Time from a request's first byte to the end of its response.",
            ["route", "method", "status"],
            buckets=_REQUEST_BUCKETS,
            registry=self.registry,
        )
        self.requests_active = Gauge(
            "control_http_requests_active",
            "Requests that are being answered.",
            registry=self.registry,
        )
        self.tokens = Counter(
            "control_tokens_total",
            "Join tokens that were issued.",
            registry=self.registry,
        )
        self.part_up = Gauge(
            "control_part_up",
            "1 when the part answered its last health check.",
            ["part"],
            registry=self.registry,
        )
        self.part_check = Histogram(
            "control_part_check_seconds",
            "Time that a part took to answer a health check.",
            ["part"],
            buckets=_REQUEST_BUCKETS,
            registry=self.registry,
        )
        self.livekit_request = Histogram(
            "control_livekit_request_seconds",
            "Time of one call of LiveKit's API.",
            ["service", "method", "code"],
            buckets=_REQUEST_BUCKETS,
            registry=self.registry,
        )
        self.redis_errors = Counter(
            "control_redis_errors_total",
            "Redis commands that failed.",
            ["reason"],
            registry=self.registry,
        )
        self.webhooks = Counter(
            "control_webhook_events_total",
            "Webhooks of LiveKit, by what became of them: new, duplicate, stale, refused, failed.",
            ["event", "result"],
            registry=self.registry,
        )
        self.repairs = Counter(
            "control_reconcile_repairs_total",
            "Events that LiveKit did not tell us and that we found by looking.",
            ["kind"],
            registry=self.registry,
        )
        self.redispatches = Counter(
            "control_agents_redispatched_total",
            "Agents that were dispatched again, to callers whom none answered.",
            registry=self.registry,
        )
        self.expired = Counter(
            "control_expired_total",
            "Transcripts, events and audit entries that were deleted because of their age.",
            ["kind"],
            registry=self.registry,
        )
        self.relayed = Counter(
            "control_relayed_events_total",
            "Events sent to webhooks of others, by result: delivered, failed (it is sent again), "
            "gone or failing (the webhook was disabled).",
            ["result"],
            registry=self.registry,
        )
        self.rate_limits = Counter(
            "control_rate_limit_requests_total",
            "Requests that were counted, by policy (key, address) and result: passed, refused, or "
            "unknown while Redis was away.",
            ["policy", "result"],
            registry=self.registry,
        )
        self.transcripts_unreadable = Counter(
            "control_transcript_messages_unreadable_total",
            "Entries of a transcript that are not transcript messages and were left out.",
            registry=self.registry,
        )

    def render(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
