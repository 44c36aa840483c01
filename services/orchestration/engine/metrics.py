"""Prometheus metrics of executions; docs/observability.md lists them."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

STARTED = Counter("nonet_executions_started_total", "Executions started.", ("type",))
ENDED = Counter("nonet_executions_ended_total", "Executions ended, by their status.", ("status",))
LOADED = Gauge("nonet_executions_loaded", "Executions in memory; those that only wait are not.")
TASKS = Counter("nonet_tasks_total", "Attempts of Task states, by what came of them.", ("outcome",))
