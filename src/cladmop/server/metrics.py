"""Figures about the service itself, as Prometheus reads them; no label holds anything that a caller sent."""

from collections.abc import Callable

from cladmop.errors import MissingDependencyError

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of Prometheus' text format."""


class Metrics:
    """Counters of one application.

    Raises
    ------
    MissingDependencyError
        If prometheus-client is not installed.
    """

    def __init__(self) -> None:
        try:
            import prometheus_client as prometheus
        except ImportError as error:
            raise MissingDependencyError(
                "the service needs prometheus-client; install it with: pip install 'cladmop[serve]'"
            ) from error
        self._registry = registry = prometheus.CollectorRegistry()
        for collector in (prometheus.ProcessCollector, prometheus.PlatformCollector, prometheus.GCCollector):
            collector(registry=registry)
        self._generate = prometheus.generate_latest
        self._requests = prometheus.Counter(
            "cladmop_requests", "Requests answered.", ("route", "method", "code"), registry=registry
        )
        self._duration = prometheus.Histogram(
            "cladmop_request_seconds", "From the request's headers to the end of its answer.", ("route",),
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._active = prometheus.Gauge("cladmop_requests_active", "Requests being worked on.", registry=registry)
        self._together = prometheus.Histogram(
            "cladmop_model_batch_size", "Requests computed together.", ("kind",), buckets=(1, 2, 4, 8, 16, 32),
            registry=registry,
        )  # fmt: skip
        self._model = prometheus.Histogram(
            "cladmop_model_seconds", "One call of the model.", ("kind",), buckets=_SECONDS, registry=registry
        )
        self._waiting = prometheus.Gauge(
            "cladmop_model_waiting", "Requests that wait for the model.", registry=registry
        )

    def begin(self) -> None:
        """Count a request that begins."""
        self._active.inc()

    def end(self, route: str, method: str, code: int, seconds: float) -> None:
        """Count a request that is over; code 499 is a client that hung up."""
        self._active.dec()
        self._requests.labels(route, method, str(code)).inc()
        self._duration.labels(route).observe(seconds)

    def computed(self, kind: str, together: int, seconds: float) -> None:
        """Count a call of the model."""
        self._together.labels(kind).observe(together)
        self._model.labels(kind).observe(seconds)

    def watch_queue(self, waiting: Callable[[], int]) -> None:
        """Read the length of the queue from a function."""
        self._waiting.set_function(waiting)

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        return self._generate(self._registry)
