"""Whether the process lives, whether it can serve, and its figures; who may read them."""

import io
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families as read_metrics

from nurture.kernel import counting, logs
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.migrations import head, revisions
from nurture.web.app import create_app
from nurture.web.probes import ProbeServer, unready
from tests.web.client import Client


def _stamp(ctx: Context, revision: str) -> None:
    with ctx.database.write() as conn:
        conn.exec_driver_sql("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)")
        conn.exec_driver_sql("DELETE FROM alembic_version")
        conn.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (revision,))


def _figures(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f"|{value}" for value in sample.labels.values()): sample.value
        for family in read_metrics(text)
        for sample in family.samples
    }


def test_a_process_lives_whatever_becomes_of_the_database(ctx: Context, client: Client) -> None:
    """Restarting the process would mend nothing."""
    ctx.database.close()
    assert client.get("/healthz").text == "ok\n"


def test_a_process_can_serve_when_its_tables_are_there(ctx: Context, client: Client) -> None:
    """Not without tables, nor with older ones; newer ones are those of a version that runs beside it."""
    assert (client.get("/readyz").status_code, client.get("/readyz").text) == (503, "database: no tables\n")
    older = sorted(revisions() - {head()})[0]
    _stamp(ctx, older)
    assert client.get("/readyz").text == f"database: at {older}, {head()} is needed\n"
    _stamp(ctx, head())
    assert (client.get("/readyz").status_code, client.get("/readyz").text) == (200, "ready\n")
    _stamp(ctx, "9999")
    assert client.get("/readyz").status_code == 200


def test_a_process_that_ends_or_has_no_database_cannot_serve(ctx: Context, tmp_path: object) -> None:
    """The reason names no place and no secret."""
    _stamp(ctx, head())
    assert unready(ctx) == ""
    ctx.wake.stopping.set()
    assert unready(ctx) == "stopping"
    ctx.wake.stopping.clear()
    away = Database("postgresql://nurture:s3cret@127.0.0.1:1/none")
    assert unready(replace(ctx, database=away)) == "database: OperationalError"
    away.close()


def test_figures_are_in_the_form_that_prometheus_reads(client: Client) -> None:
    """Of this process and of the installation; hostile words do not break it."""
    counting.SENDS.add('ro"ute\n', "sent", count=2)
    found = _figures(client.get("/metrics").text)
    assert found['nurture_sends_total|sent|ro"ute\n'] >= 2
    assert found["nurture_database_up"] == 1
    assert found["nurture_clock_age_seconds"] == -1
    assert found["nurture_queue_lag_seconds|mail"] >= 0
    assert found["nurture_waiting|reaction|waiting"] > 0
    assert found["nurture_writer_wait_seconds_bucket|+Inf"] == found["nurture_writer_wait_seconds_count"]
    assert found["process_resident_memory_bytes"] > 0


def test_no_figure_names_a_person(client: Client) -> None:
    """Nor an address, nor what a lead is called."""
    text = client.get("/metrics").text
    assert "@" not in text
    assert "example.com" not in text


def test_figures_are_said_without_the_database(ctx: Context, app: Flask) -> None:
    """What the process counted, and that the database is away."""
    away = Database("postgresql://nurture:s3cret@127.0.0.1:1/none")
    text = Client(create_app(replace(ctx, database=away))).get("/metrics").text
    assert _figures(text)["nurture_database_up"] == 0
    assert "s3cret" not in text


@pytest.mark.parametrize(
    ("peer", "headers", "settings", "status"),
    [
        ("127.0.0.1", {}, {}, 200),
        ("::1", {}, {}, 200),
        ("203.0.113.7", {}, {}, 403),
        ("10.1.2.3", {}, {}, 403),
        ("10.1.2.3", {}, {"metrics_allow": ("10.0.0.0/8",)}, 200),
        # a proxy that nobody told us of makes everybody a neighbor
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}, {}, 403),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}, {}, 403),
        ("10.1.2.3", {"X-Forwarded-For": "203.0.113.7"}, {"metrics_allow": ("10.0.0.0/8",)}, 403),
        ("203.0.113.7", {"Authorization": "Bearer right"}, {"metrics_token": "right"}, 200),
        ("203.0.113.7", {"Authorization": "Bearer wrong"}, {"metrics_token": "right"}, 403),
        ("203.0.113.7", {"Authorization": "Bearer "}, {"metrics_token": ""}, 403),
        ("203.0.113.7", {"Authorization": "Bearer ngườilạ"}, {"metrics_token": "right"}, 403),
    ],
)  # fmt: skip
def test_figures_are_for_those_who_were_named(
    ctx: Context, peer: str, headers: dict[str, str], settings: dict[str, object], status: int
) -> None:
    """This machine, the networks of the setting, whoever shows the token."""
    app = create_app(replace(ctx, settings=replace(ctx.settings, **settings)))  # type: ignore[arg-type]
    answer = app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == status


def test_behind_a_trusted_proxy_it_is_the_asker_who_counts(ctx: Context) -> None:
    """Not the proxy."""
    settings = replace(ctx.settings, trusted_proxies=("10.9.9.9/32",), metrics_allow=("10.0.0.0/8",))
    app = create_app(replace(ctx, settings=settings))
    for asker, status in (("203.0.113.7", 403), ("10.4.4.4", 200)):
        headers, peer = {"X-Forwarded-For": asker}, {"REMOTE_ADDR": "10.9.9.9"}
        assert app.test_client().get("/metrics", headers=headers, environ_base=peer).status_code == status


# -- a process without pages --


@pytest.fixture
def port(ctx: Context) -> Iterator[int]:
    """Where the three are answered without Flask."""
    server = ProbeServer(ctx)
    server.start()
    yield server.port
    server.stop()


def _get(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_worker_answers_the_same_three_paths_and_nothing_else(ctx: Context, port: int) -> None:
    """Without a page, and without a listing of files."""
    _stamp(ctx, head())
    assert _get(port, "/healthz") == (200, "ok\n")
    assert _get(port, "/readyz?x=1") == (200, "ready\n")
    assert "nurture_build_info" in _get(port, "/metrics")[1]
    assert _get(port, "/healthz", "HEAD") == (200, "")
    assert _get(port, "/etc/passwd")[0] == 404
    assert _get(port, "/healthz", "POST")[0] == 501


@pytest.fixture
def plain_logs() -> Iterator[io.StringIO]:
    """What is logged; the logs of others are as before afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def test_requests_are_logged_by_their_rule_where_that_is_asked_for(ctx: Context, plain_logs: io.StringIO) -> None:
    """Never by their path: a link's token is a secret."""
    client = Client(create_app(replace(ctx, settings=replace(ctx.settings, log_requests=True))))
    client.get("/reset/abcdefgh")
    client.get("/nowhere?email=mai@anphat.vn")
    lines = [json.loads(line) for line in plain_logs.getvalue().splitlines()]
    told = [(one["method"], one["rule"]) for one in lines if one["event"] == "request"]
    assert told == [("GET", "/reset/<token>"), ("GET", "")]
    assert "abcdefgh" not in plain_logs.getvalue()
    assert "mai@" not in plain_logs.getvalue()
