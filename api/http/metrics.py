"""What Prometheus reads: counts and times, labelled by route templates, methods and statuses only.

The registry is the app's own, so that two apps in one process (as in tests) do not share numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
TOKENS = (64, 256, 1024, 2048, 4096, 8192, 16_384, 32_768, 65_536)


class Metrics:
    """The numbers of one app."""

    def __init__(self) -> None:
        """Start all numbers at zero."""
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "textcx_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "textcx_request_seconds", "Time to answer", ["route"], buckets=SECONDS, registry=registry
        )
        self.items = Counter("textcx_items", "Texts scored", ["kind"], registry=registry)
        self.refused = Counter("textcx_refused", "Requests refused", ["code"], registry=registry)
        self.abandoned = Counter(
            "textcx_abandoned", "Requests whose caller went away before the answer", registry=registry
        )
        self.waited = Histogram(
            "textcx_queue_seconds", "Time a request waited for the model", buckets=SECONDS, registry=registry
        )
        self.batch_items = Histogram("textcx_batch_items", "Texts read at once", buckets=SIZES, registry=registry)
        self.batch_tokens = Histogram(
            "textcx_batch_tokens", "Tokens read at once, estimated", buckets=TOKENS, registry=registry
        )
        self.inference = Histogram(
            "textcx_inference_seconds", "Time to prepare and read a batch", buckets=SECONDS, registry=registry
        )
        self.queued = Gauge("textcx_queue_items", "Texts that wait for the model", registry=registry)
        self.ready = Gauge("textcx_ready", "1 when the model is loaded", registry=registry)
        self.jobs = Gauge("textcx_jobs", "Jobs that wait or run; NaN without a database", registry=registry)

    def follow(self, *, queued: Callable[[], float], ready: Callable[[], float]) -> None:
        """Read queue and readiness when somebody asks."""
        self.queued.set_function(queued)
        self.ready.set_function(ready)

    def batch(self, kind: str, *, items: int, tokens: int, seconds: float, waited: list[float]) -> None:
        """Note a batch: how much it held, how long it took, and how long each of its requests had waited."""
        self.items.labels(kind).inc(items)
        self.batch_items.observe(items)
        self.batch_tokens.observe(tokens)
        self.inference.observe(seconds)
        for each in waited:
            self.waited.observe(each)

    def page(self) -> bytes:
        """Return all numbers in Prometheus's text format."""
        return generate_latest(self.registry)
