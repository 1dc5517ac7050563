"""What wraps clients to trace them: our calls are seen, and carry the tracer's header."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from eugpt_files_mock import FilesMock

from .clients import GET
from .tool import InUse, Tool

__all__ = ["TRACERS"]


def _seen(urls: Callable[[], list[str]], header: str, mock: FilesMock) -> None:
    assert [url for url in urls() if url.endswith("/v1/files")]
    assert header in mock.calls.last.headers


@contextmanager
def _opentelemetry(instrumentor: str, client: str) -> Iterator[InUse]:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    it = pkgutil.resolve_name(f"opentelemetry.instrumentation.{instrumentor}")()
    it.instrument(tracer_provider=provider)
    try:
        urls = partial(_urls_of_spans, exporter)
        yield InUse(get=GET[client], check=partial(_seen, urls, "traceparent"))
    finally:
        it.uninstrument()


def _urls_of_spans(exporter: Any) -> list[str]:
    spans = [span.attributes for span in exporter.get_finished_spans()]
    return [span.get("http.url", span.get("url.full", "")) for span in spans]


@contextmanager
def _logfire(client: str) -> Iterator[InUse]:
    import logfire
    from logfire.testing import TestExporter
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    exporter = TestExporter()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        additional_span_processors=[SimpleSpanProcessor(exporter)],
    )
    getattr(logfire, f"instrument_{client}")()
    try:
        urls = partial(_urls_of_exported, exporter)
        yield InUse(get=GET[client], check=partial(_seen, urls, "traceparent"))
    finally:
        for name in _INSTRUMENTORS[client]:  # it instruments httpx2 with httpx
            pkgutil.resolve_name(f"opentelemetry.instrumentation.{client}:{name}")().uninstrument()


_INSTRUMENTORS = {
    "httpx": ("HTTPXClientInstrumentor", "HTTPX2ClientInstrumentor"),
    "requests": ("RequestsInstrumentor",),
}


def _urls_of_exported(exporter: Any) -> list[str]:
    spans = [span["attributes"] for span in exporter.exported_spans_as_dict()]
    return [span.get("http.url", span.get("url.full", "")) for span in spans]


@contextmanager
def _sentry(client: str) -> Iterator[InUse]:
    """It can't be taken off."""
    import sentry_sdk
    from sentry_sdk.integrations.httpx import HttpxIntegration

    events: list[Any] = []
    sentry_sdk.init(
        dsn="http://key@127.0.0.1:1/1",
        traces_sample_rate=1.0,
        shutdown_timeout=0,
        auto_enabling_integrations=False,  # it would import all that is installed
        integrations=[HttpxIntegration()],
        before_send_transaction=lambda event, hint: events.append(event),
    )

    def get(url: str) -> str:
        with sentry_sdk.start_transaction(name="a test"):
            return GET[client](url)

    def urls() -> list[str]:
        spans = [span for event in events for span in event["spans"]]
        return [span["description"].split()[-1] for span in spans]

    yield InUse(get=get, check=partial(_seen, urls, "sentry-trace"))


@contextmanager
def _ddtrace(client: str) -> Iterator[InUse]:
    import ddtrace
    from ddtrace.trace import TraceFilter, tracer

    urls: list[str] = []

    class Keep(TraceFilter):
        def process_trace(self, trace: Any) -> None:
            urls.extend(filter(None, (span.get_tag("http.url") for span in trace)))

    tracer.configure(trace_processors=[Keep()])
    ddtrace.patch(**{client: True})
    try:
        yield InUse(get=GET[client], check=partial(_seen, lambda: urls, "x-datadog-trace-id"))
    finally:
        module = pkgutil.resolve_name(f"ddtrace.contrib.internal.{client}.patch")
        module.unpatch()


@contextmanager
def _wrapt(target: str, client: str) -> Iterator[InUse]:
    """A wrapper around this method, which counts, and is taken off as tracers do it."""
    import wrapt

    seen: list[str] = []

    def count(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        seen.append(wrapped.__name__)
        return wrapped(*args, **kwargs)

    module, _, path = target.partition(":")
    owner, _, name = path.rpartition(".")
    wrapt.wrap_function_wrapper(sys.modules[module], path, count)

    def get(url: str) -> str:
        before = len(seen)
        body = GET[client](url)
        assert before + 1 == len(seen)
        return body

    try:
        yield InUse(get=get)
    finally:
        kind = pkgutil.resolve_name(f"{module}:{owner}")
        there = vars(kind)[name]
        if isinstance(
            there, wrapt.FunctionWrapper
        ):  # as tracers do: not if it is hidden by another
            setattr(kind, name, there.__wrapped__)


def _rows(
    name: str,
    on: Callable[..., AbstractContextManager[InUse]],
    needs: str,
    header: str,
    clients: dict[str, str],
    *,
    own_process: bool = False,
) -> list[Tool]:
    """One for each client; its value in `clients` goes to `on` first, if there is one."""
    return [
        Tool(
            name=name,
            client=client,
            needs=needs,
            on=partial(on, *filter(None, (of,)), client),
            shows=f"a span, `{header}`",
            own_process=own_process,
            is_nested=True,
        )
        for client, of in clients.items()
    ]


_WRAPPED = {
    "httpx": "httpx:HTTPTransport.handle_request",
    "httpx async": "httpx:AsyncHTTPTransport.handle_async_request",
    "httpx2": "httpx2:HTTPTransport.handle_request",
    "httpx2 async": "httpx2:AsyncHTTPTransport.handle_async_request",
    "requests": "requests:Session.send",
    "urllib3": "urllib3.connectionpool:HTTPConnectionPool.urlopen",
}
_INSTRUMENTED = {
    "httpx": "httpx:HTTPXClientInstrumentor",
    "httpx async": "httpx:HTTPXClientInstrumentor",
    "requests": "requests:RequestsInstrumentor",
    "urllib3": "urllib3:URLLib3Instrumentor",
}
_PATCHED = {"httpx": "", "requests": "", "urllib3": ""}

TRACERS = [
    *_rows("OpenTelemetry", _opentelemetry, "opentelemetry.sdk", "traceparent", _INSTRUMENTED),
    *_rows(
        "logfire",
        _logfire,
        "logfire",
        "traceparent",
        {"httpx": "", "requests": ""},
        own_process=True,
    ),
    *_rows(
        "Sentry",
        _sentry,
        "sentry_sdk",
        "sentry-trace",
        {"httpx": "", "requests": ""},
        own_process=True,
    ),
    *_rows("ddtrace", _ddtrace, "ddtrace", "x-datadog-trace-id", _PATCHED, own_process=True),
    *(
        Tool(
            name="wrapt",
            client=client,
            needs="wrapt",
            on=partial(_wrapt, target, client),
            shows="each call once",
            is_nested=True,
        )
        for client, target in _WRAPPED.items()
    ),
    Tool(
        name="wrapt on urllib3",
        client="requests",
        needs="wrapt",
        on=partial(_wrapt, _WRAPPED["urllib3"], "requests"),
        shows="each call once",
        is_nested=True,
    ),
]
