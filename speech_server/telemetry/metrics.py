"""Every metric of the speech server, declared once.

Labels come from closed sets (``kind``, ``service``, ``model``, ``voice``, ``language``, ``code``,
``reason``, ``phase``), never from a caller. Histograms have the edges on which targets fall.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import disable_created_metrics as _disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

_disable_created_metrics()  # type: ignore[no-untyped-call]

VOICE_BUCKETS = (
    0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0,
)  # fmt: skip
RATIO_BUCKETS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 4.0)
BATCH_BUCKETS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
FRAME_BUCKETS = (200, 300, 400, 500, 600, 800, 1000, 1200, 1500, 2000, 2500, 3000)


class Metrics:
    """The metrics of one server, in a registry of its own so that tests can run several.

    ``kind`` is ``stt`` or ``tts`` throughout.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

        # The server
        self.build_info = self._gauge(
            "speech_build_info", "What runs; always 1.", "version", "commit", "engine", "device"
        )
        self.ready = self._gauge("speech_ready", "1 while the service takes streams.", "service")
        self.streams_active = self._gauge("speech_streams_active", "Open streams.", "kind")
        self.streams_capacity = self._gauge(
            "speech_streams_capacity", "Streams that may be open at once.", "kind"
        )
        self.streams_total = self._counter(
            "speech_streams_total", "Ended streams by gRPC status.", "kind", "code"
        )
        self.rejections = self._counter(
            "speech_admission_rejections_total", "Streams that were refused.", "kind", "reason"
        )
        self.queue_depth = self._gauge(
            "speech_queue_depth", "Work that waits for the device.", "kind"
        )
        self.queue_wait = self._histogram(
            "speech_queue_wait_seconds", "Wait for the device.", VOICE_BUCKETS, "kind"
        )
        self.inference = self._histogram(
            "speech_inference_seconds",
            "Time of an engine alone.",
            VOICE_BUCKETS,
            "kind",
            "model",
            "phase",
        )
        self.batch_size = self._histogram(
            "speech_batch_size", "Items that an engine computed together.", BATCH_BUCKETS, "kind"
        )
        self.realtime_factor = self._histogram(
            "speech_realtime_factor",
            "Computing time for a second of audio.",
            RATIO_BUCKETS,
            "kind",
            "model",
        )
        self.audio_seconds = self._counter(
            "speech_audio_seconds_total", "Audio that came in or went out.", "kind", "direction"
        )

        # Recognition
        self.stt_first_partial = self._histogram(
            "stt_first_partial_seconds",
            "From the begin of speech to the first interim.",
            VOICE_BUCKETS,
        )
        self.stt_final_delay = self._histogram(
            "stt_final_delay_seconds",
            "From the end of speech to the final.",
            VOICE_BUCKETS,
            "reason",
        )
        self.stt_finalize = self._histogram(
            "stt_finalize_seconds", "From the endpoint to the final.", VOICE_BUCKETS, "reason"
        )
        self.stt_partial_revisions = self._histogram(
            "stt_partial_revisions", "Interims of an utterance.", (0, 1, 2, 4, 8, 16, 32, 64)
        )
        self.stt_utterances = self._counter(
            "stt_utterances_total", "Finished utterances by why they ended.", "reason"
        )
        self.stt_speculative = self._counter(
            "stt_speculative_total",
            "Preflights by what became of them: hit, stale or none.",
            "outcome",
        )
        self.stt_retries = self._counter(
            "stt_retries_total", "Decodes repeated over another window, by why.", "reason"
        )
        self.stt_filtered = self._counter(
            "stt_filtered_total", "Hypotheses held back as not speech, by why.", "reason"
        )
        self.stt_superseded = self._counter(
            "stt_superseded_total", "Queued interims replaced by newer audio."
        )
        self.stt_abandoned = self._counter(
            "stt_abandoned_total",
            "Windows whose decoding ended early since nobody waited for them any more.",
            "kind",
        )
        self.stt_tokens = self._counter(
            "stt_tokens_total",
            "Tokens by how they were found: kept of the decode before, or searched one by one.",
            "found",
        )
        self.stt_context_frames = self._histogram(
            "stt_context_frames", "Frames of 10 ms in an encoder window.", FRAME_BUCKETS
        )

        # Synthesis
        self.tts_first_audio = self._histogram(
            "tts_first_audio_seconds",
            "From the first text that can be spoken to the first audio.",
            VOICE_BUCKETS,
        )
        self.tts_inter_chunk = self._histogram(
            "tts_inter_chunk_seconds", "Between two chunks of audio of a context.", VOICE_BUCKETS
        )
        self.tts_underruns = self._counter(
            "tts_underruns_total", "Chunks that came after the audio before them had been played."
        )
        self.tts_wasted = self._counter(
            "tts_wasted_compute_seconds_total", "Computing for sound that was cancelled."
        )
        self.tts_voices_loaded = self._gauge("tts_voices_loaded", "Voices in memory.")
        self.tts_voice_stages = self._gauge(
            "tts_voice_stages", "Stages that a voice runs in; 1 is the whole graph.", "voice"
        )

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)
