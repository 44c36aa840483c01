"""Prometheus metrics. docs/observability.md and docs/grafana.json show them."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from functools import lru_cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from shared import errors
from shared.rpc.call import Call

logger = logging.getLogger("nonet.calls")

#: Seconds; from a cached language call to a document of many pages.
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class CallMetrics:
    """Counts, latency and concurrency of service calls."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._latency = Histogram(
            "nonet_call_seconds",
            "Time from admission to answer.",
            ("service", "operation"),
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self._calls = Counter(
            "nonet_calls_total",
            "Finished calls by error code; OK when none.",
            ("service", "operation", "code"),
            registry=registry,
        )
        self._running = Gauge("nonet_calls_running", "Calls in flight.", registry=registry)
        # A labelled child costs a lock and a dictionary look-up; operations are few, so keep the children.
        self._latency_of = lru_cache(maxsize=None)(self._latency.labels)
        self._calls_of = lru_cache(maxsize=None)(self._calls.labels)

    @contextlib.contextmanager
    def measure(self, call: Call) -> Iterator[None]:
        operation = call.operation
        service = operation.api.package
        code = "Internal"
        started = time.perf_counter()
        self._running.inc()
        try:
            yield
            code = "OK"
        except errors.NonetError as error:
            code = type(error).__name__
            raise
        finally:
            self._running.dec()
            elapsed = time.perf_counter() - started
            self._latency_of(service, operation.name).observe(elapsed)
            self._calls_of(service, operation.name, code).inc()
            if code != "OK":
                logger.info(
                    "%s.%s failed: %s", service, operation.name, code,
                    extra={"request_id": call.request_id, "account": call.account, "seconds": round(elapsed, 6)},
                )  # fmt: skip


class RuntimeMetrics:
    """Models in memory, batches and queues."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.loaded = Gauge("nonet_models_loaded", "Models in memory.", ("device",), registry=registry)
        self.memory = Gauge("nonet_models_bytes", "Memory charged for loaded models.", ("device",), registry=registry)
        self.device_held = Gauge(
            "nonet_device_held_bytes",
            "Memory of a shared device that all processes hold together.",
            ("device",),
            registry=registry,
        )
        self.device_waiting = Gauge(
            "nonet_device_waiting_bytes",
            "Memory of a shared device that models of any process wait for.",
            ("device",),
            registry=registry,
        )
        self.load_seconds = Histogram(
            "nonet_model_load_seconds", "Time to load a model.", ("model",), registry=registry
        )
        self.batch_size = Histogram(
            "nonet_batch_size",
            "Items that ran together.",
            ("model",),
            buckets=(1, 2, 4, 8, 16, 32, 64, 128),
            registry=registry,
        )
        self.queue_length = Gauge("nonet_queue_length", "Items that wait for a model.", ("model",), registry=registry)
        self.refused = Counter("nonet_refused_total", "Items refused at the door.", ("model",), registry=registry)
