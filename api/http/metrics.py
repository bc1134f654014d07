"""What Prometheus reads: counts and times, labelled by route templates, methods and statuses only.

The registry is the app's own, so that two apps in one process (as in tests) do not share numbers.
"""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
TOKENS = (64, 256, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536)


class Metrics:
    """The numbers of one app."""

    def __init__(self) -> None:
        """Start all numbers at zero."""
        self.registry = CollectorRegistry()
        ours: dict[str, Any] = {"registry": self.registry}
        self.requests = Counter("textcx_requests", "Requests answered", ["method", "route", "status"], **ours)
        self.seconds = Histogram("textcx_request_seconds", "Time to answer", ["route"], buckets=SECONDS, **ours)
        self.items = Counter("textcx_items", "Texts scored", ["kind"], **ours)
        self.abandoned = Counter("textcx_abandoned", "Requests whose caller went away before the answer", **ours)
        self.waited = Histogram("textcx_queue_seconds", "Time a request waited for the model", buckets=SECONDS, **ours)
        self.batch_items = Histogram("textcx_batch_items", "Texts read at once", buckets=SIZES, **ours)
        self.batch_tokens = Histogram("textcx_batch_tokens", "Tokens read at once, estimated", buckets=TOKENS, **ours)
        self.inference = Histogram(
            "textcx_inference_seconds", "Time to prepare and read a batch", buckets=SECONDS, **ours
        )
        self.queued = Gauge("textcx_queue_items", "Texts that wait for the model", **ours)
        self.ready = Gauge("textcx_ready", "1 when the model is loaded", **ours)
        self.jobs = Gauge("textcx_jobs", "Jobs that wait or run; NaN without a database", **ours)

    def batch(self, kind: str, *, items: int, tokens: int, seconds: float, waited: list[float]) -> None:
        """Note a batch: how much it held, how long it took, and how long each of its requests had waited."""
        self.items.labels(kind).inc(items)
        self.batch_items.observe(items)
        self.batch_tokens.observe(tokens)
        self.inference.observe(seconds)
        for each in waited:
            self.waited.observe(each)
