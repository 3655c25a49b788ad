"""What stands in a log: figures and kinds; what came along of persons and secrets is masked."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from nurture.kernel import logs
from nurture.kernel.logs import MASK, masked

TOKEN = "Az09_-" * 8


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines; the logs of others are as before afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


def _last(lines: io.StringIO) -> dict[str, object]:
    found: dict[str, object] = json.loads(lines.getvalue().splitlines()[-1])
    return found


HOSTILE = {
    "an address": ("550 no such user Lan.Nguyen+x@anphat.vn here", "anphat"),
    "an address in brackets": ("RCPT TO:<mai@an-phat.com.vn>", "mai@"),
    "an address of letters beyond ASCII": ("to trần.mai@bưuđiện.vn failed", "mai@"),
    "a phone number": ("called +84 901 234 567 twice", "901"),
    "a phone number as people write it": ("called 0901.234.567", "0901"),
    "a relay's password": ("smtps://lan:pa%40ss@relay.vn:465 refused", "pa%40ss"),
    "a database's password": ('connection to "postgresql://nurture:s3cret@db/nurture" failed', "s3cret"),
    "a password with a sign in it": ("imaps://u:p@ss@mail.vn/INBOX", "p@ss"),
    "a bearer": ("Authorization: Bearer abc.DEF-123456", "DEF"),
    "a parameter": ("GET /hook?id=4&token=abcdef&x=1", "abcdef"),
    "a JSON member": ('{"api_key": "k-12345", "n": 1}', "12345"),
    "a link of a mail": (f"GET /c/{TOKEN} HTTP/1.1", TOKEN),
    "a link to sign in": ("https://x.vn/reset/short-one?a", "short-one"),
    "a webhook's secret": ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ"),
    "a key": ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----", "MIIB"),
    "a bare token": (f"token is {TOKEN}!", TOKEN),
    "a row that PostgreSQL tells": ("duplicate key\nDETAIL:  Failing row contains (4, Nguyễn Thị Lan, x).\nend", "Lan"),
    "what SQLAlchemy gave": ("no such table\n[SQL: INSERT …]\n[parameters: ('Nguyễn Lan', 4)]", "Nguyễn"),
}


@pytest.mark.parametrize(("text", "secret"), HOSTILE.values(), ids=HOSTILE)
def test_what_came_along_is_masked_wherever_it_stands(lines: io.StringIO, text: str, secret: str) -> None:
    """As a value, deep within one, as a key, in an exception, and in what a library says."""
    log = structlog.get_logger()
    log.error("failed", error=text, deep={"a": [{"b": text}]}, some={text: 1})
    assert secret not in lines.getvalue()
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed")
    logging.getLogger("library").warning("it said %s", text)
    assert secret not in lines.getvalue()
    assert MASK in lines.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "OperationalError: database is locked",
        "2026-11-23T06:20:45.123456Z",
        "connection to 10.0.0.7:5432 refused",
        "sender 4f2a7c31bd lived 3.5 s, code=535, 5.7.8",
        "revision 9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
        "File \"/srv/nurture/kernel/database.py\", line 300, in write",
    ],
)  # fmt: skip
def test_what_an_operator_needs_stays(text: str) -> None:
    """Times, addresses of machines, statuses, hashes, places in the code."""
    assert masked(text) == text


def test_a_value_named_like_a_secret_is_not_shown_whatever_it_is(lines: io.StringIO) -> None:
    """Numbers and kinds beside it are."""
    structlog.get_logger().info(
        "x", password="p", lead_email="e", given_name="Lan", count=3, route="mailbox", token=None
    )
    line = _last(lines)
    assert (line["password"], line["lead_email"], line["given_name"]) == (MASK, MASK, MASK)
    assert (line["count"], line["route"], line["token"]) == (3, "mailbox", None)


def test_each_line_is_one_json_object_whatever_is_in_it(lines: io.StringIO) -> None:
    """Line ends and control characters of strangers make no line of their own."""
    structlog.get_logger().warning("x", error='a\n{"event": "forged"}\r\x1b[31m\u2028', bad=b"\xff", what=object())
    (line,) = lines.getvalue().splitlines()
    assert json.loads(line)["event"] == "x"


def test_lines_for_people_have_no_control_characters(lines: io.StringIO) -> None:
    """A stranger's text moves no cursor and forges no line."""
    stream = io.StringIO()
    logs.configure("info", "text", stream)
    structlog.get_logger().warning("x", error="a\nforged\x1b[2J")
    (line,) = stream.getvalue().splitlines()
    assert "\x1b[2J" not in line


def test_a_long_value_is_cut(lines: io.StringIO) -> None:
    """Nobody fills a disk with one line."""
    structlog.get_logger().error("x", error="x" * 1_000_000)
    assert len(lines.getvalue()) < 10_000


def test_the_level_is_as_set(lines: io.StringIO) -> None:
    """Also of what libraries say."""
    structlog.get_logger().debug("quiet")
    logging.getLogger("library").info("quiet")
    assert lines.getvalue() == ""
    logs.configure("error", "json", lines)
    structlog.get_logger().warning("quiet")
    logging.getLogger("library").warning("quiet")
    assert lines.getvalue() == ""
    logging.getLogger("library").error("loud %d", 4)
    assert _last(lines)["said"] == "loud 4"


@pytest.mark.parametrize("text", ["a@" * 4_000, "0 " * 8_000, "token=" * 2_000, "-----BEGIN " * 1_000, "Aa1" * 3_000])
def test_no_text_takes_long_to_mask(text: str) -> None:
    """Whoever chooses the text cannot make a process busy: each takes well under a second."""
    import time

    begun = time.process_time()
    masked(text)
    assert time.process_time() - begun < 1.0
