"""The address outside that is asked for while all is well: talked to for real, and guarded."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from nurture.engine.health import ask
from nurture.outbound.address import Allowed


@pytest.fixture
def monitor() -> Iterator[tuple[int, list[str]]]:
    """A monitor on this machine: its port, and what was asked of it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status = {"/ping": 200, "/away": 302}.get(self.path, 500)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/ping")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as http.server calls it
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield int(server.server_address[1]), asked
    server.shutdown()
    server.server_close()
    thread.join(5)


def test_the_host_that_the_operator_named_is_asked_though_it_is_an_inner_one(monitor: tuple[int, list[str]]) -> None:
    """Once, and its 200 counts."""
    port, asked = monitor
    assert ask(f"http://127.0.0.1:{port}/ping", Allowed())
    assert asked == ["/ping"]


@pytest.mark.parametrize("path", ["/broken", "/away"])
def test_any_other_answer_does_not_count_and_no_redirect_is_followed(monitor: tuple[int, list[str]], path: str) -> None:
    """The monitor tells by our silence what it should."""
    port, asked = monitor
    assert not ask(f"http://127.0.0.1:{port}{path}", Allowed())
    assert asked == [path]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/ping", "ftp://x/y", "http://u:p@127.0.0.1/ping", "nonsense"])
def test_what_is_dead_or_no_address_fails_quietly(url: str) -> None:
    """Nothing is raised for what the world outside does."""
    assert not ask(url, Allowed())
