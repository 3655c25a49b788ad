"""A request goes where it was looked at, takes seconds and kilobytes at most, and is never led on."""

import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from nurture.outbound.address import Allowed, allowed
from nurture.outbound.conversation import KEPT, Line, get, post, system_resolver
from nurture.outbound.model import Answer, Stage
from nurture.outbound.target import Target, read_target
from tests.faults.certificate import make
from tests.storage.outbound.receiver import receiving

HERE = allowed(("127.0.0.1", "hooks.test"))


def _post(line: Line, url: str, body: bytes = b"{}") -> Answer:
    return post(line, read_target(url), {"Content-Type": "application/json"}, body)


def test_a_document_arrives_and_the_answer_comes_back() -> None:
    """With the host's own name."""
    with receiving() as receiver:
        receiver.text = "thank\x00 you\r\n"
        answer = _post(Line(HERE), receiver.url, b'{"a": "\xc4\x91"}')
    assert answer == Answer(Stage.ANSWERED, 200, "thank you")
    (got,) = receiver.got
    assert (got.path, got.body, got.headers["host"]) == ("/hooks", '{"a": "đ"}', f"127.0.0.1:{receiver.port}")


def test_no_redirect_is_followed() -> None:
    """To the metadata of a cloud least of all: the 302 is the answer."""
    with receiving() as other, receiving() as receiver:
        receiver.status, receiver.headers = 302, {"Location": other.url}
        answer = _post(Line(HERE), receiver.url)
    assert (answer.stage, answer.status, other.got) == (Stage.ANSWERED, 302, [])


def test_what_is_fetched_comes_as_it_is_and_whole_or_not_at_all() -> None:
    """More than was asked for is nothing, and so is every answer but 200."""
    with receiving() as receiver:
        receiver.text = "-----BEGIN\r\nabc\r\n"
        target = read_target(receiver.url)
        assert get(Line(HERE), target, 100) == b"-----BEGIN\r\nabc\r\n"
        assert get(Line(HERE), target, 10) is None
        receiver.status, receiver.headers = 302, {"Location": "http://169.254.169.254/"}
        assert get(Line(HERE), target, 100) is None
    assert get(Line(HERE), target, 100) is None


def test_nothing_is_fetched_from_an_inner_address() -> None:
    """As nothing is posted to one."""
    with receiving() as receiver:
        assert get(Line(), read_target(receiver.url), 100) is None
    assert receiver.got == []
    line = Line(resolve=lambda *_: ["169.254.169.254"])
    assert get(line, Target(True, "sns.ap-southeast-1.amazonaws.com", 443, "/"), 100) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::7f00:1"])
def test_a_name_that_means_an_inner_address_is_not_talked_to(address: str) -> None:
    """Nothing connects."""
    answer = post(Line(resolve=lambda *_: [address]), Target(True, "evil.example", 443, "/"), {}, b"")
    assert answer == Answer(Stage.BLOCKED, text=f"evil.example: {address}")


def test_one_inner_address_among_public_ones_is_enough_to_refuse() -> None:
    """Whichever would have been taken."""
    line = Line(resolve=lambda *_: ["203.113.131.1", "10.0.0.1"])
    assert post(line, Target(True, "evil.example", 443, "/"), {}, b"").stage is Stage.BLOCKED


def test_a_name_is_resolved_once() -> None:
    """A second answer of the resolver, an inner address, is never asked for: the first is where it goes."""
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["169.254.169.254"]

    with receiving() as receiver:
        answer = _post(Line(HERE, resolve=rebinding), f"http://hooks.test:{receiver.port}/x")
    assert answer.status == 200
    assert asked == ["hooks.test"]
    assert receiver.got[0].headers["host"] == f"hooks.test:{receiver.port}"


def test_http_and_other_ports_are_for_hosts_that_are_named() -> None:
    """Before any name is resolved."""
    line = Line(resolve=lambda *_: pytest.fail("resolved"))
    assert _post(line, "http://crm.example.vn/").stage is Stage.BLOCKED
    assert _post(line, "https://crm.example.vn:22/").stage is Stage.BLOCKED


def test_an_answer_that_drips_is_cut_off() -> None:
    """However lively it looks: the whole conversation has its time."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x")
            time.sleep(0.05)

    with receiving() as receiver:
        receiver.reply = drip
        begun = time.monotonic()
        answer = _post(Line(HERE, seconds=0.3), receiver.url)
        assert time.monotonic() - begun < 2
    assert answer == Answer(Stage.SENT, text="timed out")


def test_headers_that_drip_are_cut_off() -> None:
    """Interim answers without end, too."""

    def forever(handler: BaseHTTPRequestHandler) -> None:
        for _ in range(200):
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.02)

    with receiving() as receiver:
        receiver.reply = forever
        assert _post(Line(HERE, seconds=0.3), receiver.url) == Answer(Stage.SENT, text="timed out")


def test_a_huge_answer_is_read_up_to_its_beginning() -> None:
    """4 KB are kept, the rest is not fetched."""
    sent: list[int] = []

    def huge(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**12))
        handler.end_headers()
        for _ in range(2000):
            handler.wfile.write(b"x" * 65536)
            sent.append(65536)

    with receiving() as receiver:
        receiver.reply = huge
        answer = _post(Line(HERE), receiver.url)
    assert (answer.status, len(answer.text)) == (200, KEPT)
    assert sum(sent) < 50_000_000


def test_what_is_no_http_is_an_unread_answer() -> None:
    """It may have arrived."""

    def noise(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\xff\xfe\x00 hello\r\n\r\n")

    with receiving() as receiver:
        receiver.reply = noise
        assert _post(Line(HERE), receiver.url).stage is Stage.SENT


def test_nobody_there_means_that_nothing_was_handed_over() -> None:
    """A closed port, a name without address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert _post(Line(HERE), f"http://127.0.0.1:{port}/").stage is Stage.CONNECT

    def nothing(_host: str, _port: int) -> list[str]:
        raise socket.gaierror("no such host")

    assert _post(Line(resolve=nothing), "https://gone.example/").stage is Stage.CONNECT
    assert _post(Line(resolve=lambda *_: []), "https://gone.example/").stage is Stage.CONNECT
    assert system_resolver("127.0.0.1", 80) == ["127.0.0.1"]


def test_a_name_server_that_does_not_answer_is_not_waited_for() -> None:
    """Finding the address has the time of the whole conversation, and what is left of it is for the rest."""
    stopped = threading.Event()

    def slow(_host: str, _port: int) -> list[str]:
        stopped.wait(10)
        return ["127.0.0.1"]

    begun = time.monotonic()
    answer = _post(Line(HERE, resolve=slow, seconds=0.2), "http://hooks.test:9/")
    assert time.monotonic() - begun < 5
    assert answer == Answer(Stage.CONNECT, text="no name server answered in time")
    stopped.set()


def test_a_host_that_accepts_and_says_nothing_is_left() -> None:
    """A handshake that never comes has the time of the whole conversation."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = Target(True, "hooks.test", server.getsockname()[1], "/")
        held: list[socket.socket] = []
        thread = threading.Thread(target=lambda: held.append(server.accept()[0]))
        thread.start()
        answer = post(Line(HERE, resolve=lambda *_: ["127.0.0.1"], seconds=0.3), target, {}, b"")
        thread.join()
        held[0].close()
    assert answer == Answer(Stage.CONNECT, text="timed out")


def test_the_certificate_is_checked_against_the_name(tmp_path: Path) -> None:
    """The pinned address changes nothing about it: a certificate for another name is refused, its own is taken."""
    trusted, server = make(tmp_path)
    client = ssl.create_default_context(cafile=str(trusted))
    with receiving(server) as receiver:
        good = post(Line(HERE, tls=client), Target(True, "127.0.0.1", receiver.port, "/"), {}, b"{}")
        other = Target(True, "hooks.test", receiver.port, "/")
        bad = post(Line(HERE, resolve=lambda *_: ["127.0.0.1"], tls=client), other, {}, b"{}")
        unknown = post(Line(HERE), Target(True, "127.0.0.1", receiver.port, "/"), {}, b"{}")
    assert good.status == 200
    assert (bad.stage, unknown.stage) == (Stage.CONNECT, Stage.CONNECT)
    assert len(receiver.got) == 1


def test_nothing_is_allowed_by_default() -> None:
    """Loopback by its number, too."""
    assert _post(Line(Allowed()), "https://127.0.0.1/").stage is Stage.BLOCKED
