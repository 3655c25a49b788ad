"""Server-Timing on every answer: time in the database, number of queries, time in all; a line in the log if asked."""

import time
from typing import Any

import sqlalchemy as sa
import structlog
from flask import Flask, Response, g, has_request_context, request
from sqlalchemy import event

log = structlog.get_logger("nurture.web")


def watch(engine: sa.Engine) -> None:
    """Count the queries of each request on this engine."""

    @event.listens_for(engine, "before_cursor_execute")
    def _before(*_: Any) -> None:
        if has_request_context():
            g.query_began = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def _after(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if has_request_context() and "query_began" in g and not statement.startswith("BEGIN"):
            g.query_time = g.get("query_time", 0.0) + time.perf_counter() - g.query_began
            g.query_count = g.get("query_count", 0) + 1


def _header(answer: Response) -> Response:
    if "began" in g:
        total = (time.perf_counter() - g.began) * 1000
        spent, count = g.get("query_time", 0.0) * 1000, g.get("query_count", 0)
        answer.headers["Server-Timing"] = f'db;dur={spent:.1f};desc="{count} queries", total;dur={total:.1f}'
    return answer


def _log(answer: Response) -> Response:
    """One line for each request: its rule, not its path, since a path may hold a token or name a person."""
    rule = request.url_rule.rule if request.url_rule is not None else ""
    took = round((time.perf_counter() - g.began) * 1000, 1) if "began" in g else 0.0
    log.info("request", method=request.method, rule=rule, status=answer.status_code, ms=took,
             queries=g.get("query_count", 0))  # fmt: skip
    return answer


def install(app: Flask, engine: sa.Engine, *, logs: bool = False) -> None:
    """Measure every request; `logs` each of them."""

    def _begin() -> None:
        g.began = time.perf_counter()

    app.before_request(_begin)
    app.after_request(_header)
    if logs:
        app.after_request(_log)
    watch(engine)
