"""The daemon's counters, for Prometheus; read when they are asked for, so nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from monitor.daemon import Daemon
from monitor.oidc.desk import OidcDesk
from monitor.queue import AlertQueue

STATES = ("ok", "starting", "silent", "failed", "ended", "elsewhere")


class DaemonCollector(Collector):
    def __init__(self, daemon: Daemon, queue: AlertQueue) -> None:
        self._daemon = daemon
        self._queue = queue

    def collect(self) -> Iterator[Metric]:
        counts, pipeline, queue = (
            self._daemon.intake.counts,
            self._daemon.pipeline.counts,
            self._queue.stats(),
        )
        health = self._daemon.health.view()
        yield _counter("emissions", "Emissions that reached the rules", counts.n_emissions)
        yield _counter("documents", "Document versions that reached the rules", counts.n_documents)
        raised = CounterMetricFamily("examwatch_alerts_raised", "Alerts raised", labels=["rule"])
        for rule, n in counts.n_alerts.items():
            raised.add_metric([rule], n)
        yield raised
        yield _counter("alerts_stored", "Alerts stored", pipeline.n_stored)
        yield _counter("store_failures", "Attempts to store that failed", pipeline.n_failures)
        yield _counter("queue_put_waits", "Times a raiser waited for the full queue", queue.n_put_waits)
        yield GaugeMetricFamily("examwatch_queue_waiting", "Alerts not stored yet", queue.n_waiting)
        dropped = CounterMetricFamily("examwatch_emissions_dropped", "Emissions lost", labels=["reason"])
        for reason, n in health.queue.n_dropped.items():
            dropped.add_metric([reason], n)
        yield dropped
        photos = CounterMetricFamily(
            "examwatch_photos", "Photos of posts that raised alerts, kept or not", labels=["outcome"]
        )
        for outcome, n in counts.n_photos.items():
            photos.add_metric([outcome], n)
        yield photos
        if self._daemon.notify is not None:
            told = CounterMetricFamily(
                "examwatch_notices", "Messages to receivers", labels=["receiver", "outcome"]
            )
            for (receiver, outcome), n in self._daemon.notify.counts.items():
                told.add_metric([receiver, outcome], n)
            yield told
        if self._daemon.shots is not None:
            shots = CounterMetricFamily(
                "examwatch_screenshots", "Pages pictured for alerts, or not", labels=["outcome"]
            )
            for outcome, n in self._daemon.shots.counts.items():
                shots.add_metric([outcome], n)
            yield shots
        parts = GaugeMetricFamily(
            "examwatch_part_state", "1 for the state it is in", labels=["part", "id", "state"]
        )
        for part, members in (("sensor", health.sensors), ("source", health.sources)):
            for member in members:
                for state in STATES:
                    parts.add_metric([part, member.id, state], member.state == state)
        yield parts


class OidcCollector(Collector):
    def __init__(self, desk: OidcDesk) -> None:
        self._desk = desk

    def collect(self) -> Iterator[Metric]:
        ended = CounterMetricFamily("examwatch_oidc_logins", "Logins by the provider", labels=["outcome"])
        for outcome, n in self._desk.outcomes.items():
            ended.add_metric([outcome], n)
        yield ended
        yield _counter("oidc_dropped", "Begun logins given up for newer ones", self._desk.pending.n_dropped)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"examwatch_{name}", text, value)
