"""The links of real mail at the real front: scanners move nothing, and a link never breaks."""

import html
import http.client
import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.settings import read_settings
from nurture.kernel.signing import load_ring, new_ring
from nurture.messages import links
from nurture.messages.compile import compile_email
from nurture.messages.links import MessageLinks
from nurture.messages.personalize import Personalizer
from nurture.messages.source import read_library
from nurture.messages.values import house_values
from tests.journeys.server import CRAWLER, HUMAN, House, wait_for
from tests.storage.tracking_ground import SCANNER, add_lead, add_message

ROOT = Path(__file__).resolve().parents[2] / "templates_email"
SCANNERS = (SCANNER, CRAWLER, "curl/8.5.0", f"{HUMAN} LinkChecker/2.0 (+https://checker.example)")
# What fetching links may touch: what was fetched, what was found of it, and the processes' own diary.
TOUCHED = {
    "hits",
    "decisions",
    "leases",
    "senders",
    "routes",
    "runs",
    "sessions",
    "quotas",
    "spans",
    "processes",
    "pulses",
    "health_findings",
}
TARGETS = (
    "https://anphat.example/bang-gia?a=1&b=%C4%91#gia",
    "https://anphat.example/bảng giá?q=tiếng việt&x=1#phần 2",
    "https://bücher.example/ă",
    "https://anphat.example/?next=https://evil.example/&u=//evil.example",
    "https://anphat.example/'\"<>|[]{}",
    "https://anphat.example/" + "x" * 3_900,
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A running installation."""
    house = House(tmp_path_factory.mktemp("links"))
    with house.up():
        yield house


@pytest.fixture
def context(house: House) -> Iterator[Context]:
    """The same installation, from here."""
    settings = read_settings({"NURTURE_DATA_DIR": str(house.folder / "data")})
    database = Database(settings.database_url)
    yield Context(settings, database, SystemClock(), load_ring(settings.keys_file))
    database.close()


def ask(house: House, path: str, method: str = "GET", agent: str = HUMAN) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, byte for byte as they come."""
    asked = http.client.HTTPConnection("127.0.0.1", house.port, timeout=10)
    try:
        asked.request(method, path, headers={"User-Agent": agent, "Accept-Language": "vi"})
        answer = asked.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        asked.close()


def _everything(database: sqlite3.Connection) -> dict[str, list[Any]]:
    """Every row of every table but those that fetching touches."""
    names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    query = "SELECT * FROM {} ORDER BY 1"
    return {name: database.execute(query.format(name)).fetchall() for name in set(names) - TOUCHED}


def _fetch_all(house: House, mail: str) -> int:
    """Every address of the mail, by GET and HEAD, by every scanner; gives how many were asked for."""
    found = {html.unescape(url) for url in re.findall(r'(?:href|src)="(http[^"]+)"', mail)}
    ours = sorted(url.removeprefix(house.url) for url in found if url.startswith(house.url))
    for agent in SCANNERS:
        for path in ours:
            for method in ("GET", "HEAD"):
                status, _, _ = ask(house, path, method, agent)
                assert status in {200, 204, 302}, path
    return len(ours)


def test_scanners_at_every_link_of_a_mail_change_nothing_but_hits(house: House, context: Context) -> None:
    """Links, pixel, hidden link, unsubscribe: no activity, score, consent, refusal, enrollment or mail comes of it."""
    library = read_library(ROOT)
    source = next(one for one in library.sources if (one.key, one.language) == ("welcome_series_hello", "vi"))
    lead = add_lead(context, name="Mai")
    message = add_message(context, lead)
    refusal = context.keys.address_hash("mai@anphat.example")
    made = MessageLinks(context.keys, house.url, message, lead, refusal)
    person = dict.fromkeys(("name", "given_name", "honorific", "email", "phone", "phone_shown"), "Mai")
    values = {
        "lead": {**person, "company": "", "city": "", "public_id": "k3", "fields": {}},
        "owner": person,
        "company": {"name": None, "domain": None, "size": None},
        "house": house_values(context.settings),
    }
    mail = Personalizer(compile_email(source, library.shared)).render(values, made)
    database = sqlite3.connect(house.folder / "data" / "nurture.db")
    before = _everything(database)
    assert _fetch_all(house, mail.html) >= 5
    judged = "SELECT count(*) FROM hits WHERE verdict IS NULL"
    wait_for(lambda: database.execute(judged).fetchone() == (0,), 60, "all is judged")
    assert database.execute("SELECT DISTINCT verdict FROM hits").fetchall() == [("machine",)]
    after = _everything(database)
    assert {name for name in before if before[name] != after[name]} == set()
    assert {"activities", "score_entries", "consents", "suppressions", "enrollments", "messages"} <= before.keys()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_target_comes_back_whole(house: House, context: Context, method: str) -> None:
    """Query, fragment, Unicode, long and odd ones; nothing of the server's before or behind it."""
    for target in TARGETS:
        path = links.CLICK_PATH + links.click_token(context.keys, 999_999, 1, target)
        status, headers, body = ask(house, path, method)
        location = headers["location"]
        assert (status, body) == (302, b"")
        assert location.isascii()
        if target.isascii() and " " not in target:
            assert location == target
        assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert "set-cookie" not in headers


def test_nothing_tells_which_tokens_exist(house: House, context: Context) -> None:
    """A forged, a cut and an unknown one get the same page; one of a message that never was works as any other."""
    whole = links.click_token(context.keys, 7, 2, TARGETS[0])
    bad = [
        links.click_token(new_ring(), 7, 2, TARGETS[0]), whole[:-4], whole[:-1] + "A" * 3, whole.upper(), "x", "",
        links.click_token(context.keys, 7, 2, "javascript:alert(1)"),
        links.click_token(context.keys, 7, 2, "data:text/html,x"),
        links.click_token(context.keys, 7, 2, "https://a.example/\r\nSet-Cookie: a=b"),
    ]  # fmt: skip
    answers = [ask(house, links.CLICK_PATH + token) for token in bad]
    pages = {(status, re.sub(rb'"X-CSRFToken": "[^"]+"', b"", body)) for status, _, body in answers}
    assert {status for status, _ in pages} == {404}
    assert len(pages) == 1
    assert not any("location" in headers for _, headers, _ in answers)


def test_a_link_works_when_the_database_is_gone(house: House, context: Context) -> None:
    """The hits wait on the disk, and come in once it is back."""
    base = house.folder / "data" / "nurture.db"
    path = links.CLICK_PATH + links.click_token(context.keys, 424_242, 1, TARGETS[0])
    context.database.close()
    away = base.rename(base.with_suffix(".away"))
    try:
        answers = [ask(house, path, method)[:2] for method in ("GET", "HEAD", "GET")]
        spooled = [
            json.loads(line)["message_id"]
            for file in (house.folder / "data" / "spool").glob("*.jsonl")
            for line in file.read_text("utf-8").splitlines()
        ]
    finally:
        away.rename(base)
    assert [(status, headers["location"]) for status, headers in answers] == [(302, TARGETS[0])] * 3
    assert spooled.count(424_242) == 3
    database = sqlite3.connect(base)
    count = "SELECT count(*) FROM hits WHERE message_id = 424242"
    wait_for(lambda: database.execute(count).fetchone() == (3,), 10, "the hits come in")
