"""What /metrics says, in Prometheus' text form: what this process counted, and what the database says of all of them.

The database is asked with bounded queries, and again after some seconds only. No label holds an address, a name or an
id; what is counted by rows is counted up to `MOST_COUNTED`.
"""

import platform
from collections.abc import Iterator
from functools import partial

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import CollectorRegistry

from nurture.engine.health import Figures, Latest
from nurture.engine.health_store import MOST_COUNTED
from nurture.engine.presence import spool_of, version
from nurture.kernel import counting

CONTENT_TYPE = CONTENT_TYPE_LATEST
_log = structlog.get_logger(__name__)
_CAPPED = f"(counted up to {MOST_COUNTED} of a kind)"
ROLES = ("web", "clock", "worker")


class Everything(CollectorRegistry):
    """The registry of one installation: collected when asked for."""

    def __init__(self, latest: Latest) -> None:
        super().__init__()
        self.register(_Collector(latest))
        ProcessCollector(registry=self)


class _Collector:
    def __init__(self, latest: Latest) -> None:
        self._latest = latest

    def describe(self) -> list[Metric]:
        """Nothing ahead of time: the names are known when it is asked."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily(
            "nurture_build", "What runs", {"version": version(), "python": platform.python_version()}
        )
        yield from _counted()
        yield from _own(self._latest)
        try:
            found = self._latest.figures()
        except Exception as error:  # noqa: BLE001 - what this process counted is said all the same
            _log.warning("metrics_without_database", error=type(error).__name__)
            yield GaugeMetricFamily("nurture_database_up", "Whether the database answered", 0)
            return
        yield GaugeMetricFamily("nurture_database_up", "Whether the database answered", 1)
        yield from _common(found)


def _counted() -> Iterator[Metric]:
    """What this process counted since it began."""
    for counter in counting.COUNTERS:
        family = CounterMetricFamily(counter.name, counter.help_text, labels=counter.labels)
        for labels, value in counter.values().items():
            family.add_metric(labels, value)
        yield family
    for timer in counting.TIMERS:
        spans = timer.spans()
        bounds = [*map(str, counting.BOUNDS), "+Inf"]
        buckets = list(zip(bounds, map(float, spans.within), strict=True))
        yield HistogramMetricFamily(timer.name, timer.help_text, buckets=buckets, sum_value=spans.total)


def _own(latest: Latest) -> Iterator[Metric]:
    settings, real = latest.ctx.settings, latest.ctx.clock.real()
    size, count, age = spool_of(settings.data_dir / "spool", real)
    yield GaugeMetricFamily("nurture_spool_bytes", "Opens and clicks that wait on this machine's disk", size)
    yield GaugeMetricFamily("nurture_spool_files", "Files of them", count)
    yield GaugeMetricFamily("nurture_spool_age_seconds", "Age of the oldest", age)


def _common(found: Figures) -> Iterator[Metric]:
    """What the database says, the same of every process."""
    seen = found.seen
    lag = GaugeMetricFamily("nurture_queue_lag_seconds", "How long the oldest is due that waits", labels=["kind"])
    lags = {"mail": 0.0, "alerts": 0.0, "hits": 0.0, "reactions": 0.0, "calls": 0.0}
    lags |= {kind.value: seconds for kind, seconds in seen.lags.items()}
    for kind, seconds in {**lags, "steps": max(seen.steps.values(), default=0.0)}.items():
        lag.add_metric([kind], seconds)
    yield lag
    waiting = GaugeMetricFamily("nurture_waiting", f"Rows by kind and state {_CAPPED}", labels=["kind", "state"])
    for (kind, state), count in found.standing.items():
        waiting.add_metric([kind, state], count)
    yield waiting
    gauge = partial(GaugeMetricFamily)
    yield gauge("nurture_clock_age_seconds", "Since the clock last said that it ticks; -1: never", _age(seen.ticked))
    holder = GaugeMetricFamily("nurture_clock_holder", "Which process ticks", labels=["process"])
    if seen.holder:
        holder.add_metric([seen.holder], 1)
    yield holder
    yield gauge("nurture_senders", "Sender processes that live", seen.senders)
    alive = GaugeMetricFamily("nurture_processes", "Processes that live, by role", labels=["role"])
    for role in ROLES:
        alive.add_metric([role], sum(role in one.roles for one in seen.processes))
    yield alive
    yield gauge("nurture_clock_skew_seconds", "This machine's clock ahead of the database's", _skew(found))
    wrong = GaugeMetricFamily("nurture_health_wrong", "What must hold and does not", labels=["check"])
    for key in sorted({one.key for one in found.findings}):
        wrong.add_metric([key], sum(one.key == key for one in found.findings))
    yield wrong


def _age(seconds: float | None) -> float:
    return -1.0 if seconds is None else seconds


def _skew(found: Figures) -> float:
    return (found.at.real - found.at.at).total_seconds()


def exposition(registry: CollectorRegistry) -> bytes:
    """The page."""
    return generate_latest(registry)
