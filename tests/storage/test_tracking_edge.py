"""The hot path: a hit is safe when it is answered, once, whatever the database and the disk do."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from nurture.kernel.context import Context
from nurture.kernel.signing import new_ring
from nurture.messages import links
from nurture.tracking.edge import Tracker, not_found
from nurture.tracking.model import Hit
from nurture.tracking.spool import Spool, read_back
from nurture.tracking.tables import hits
from tests.storage.tracking_ground import CHROME, add_message, rows

URL = "https://anphat.example/bang-gia?a=1&b=%C4%91"


@pytest.fixture
def tracker(context: Context) -> Iterator[Tracker]:
    """A running tracker with the patience of a busy machine: a hit is in the database once it is answered."""
    one = Tracker(context, patience=2.0)
    one.start()
    yield one
    one.stop()


def ask(app: Any, path: str, method: str = "GET", **environ: str) -> tuple[str, dict[str, str], bytes]:
    """Status, headers and body of one request."""
    said: list[Any] = []
    given = {"PATH_INFO": path, "REQUEST_METHOD": method, "REMOTE_ADDR": "203.0.113.77", "HTTP_USER_AGENT": CHROME}
    body = b"".join(app({**given, **environ}, lambda status, headers: said.extend((status, headers))))
    assert len({name for name, _ in said[1]}) == len(said[1])
    return said[0], dict(said[1]), body


def click(context: Context, message_id: int = 7, url: str = URL) -> str:
    """The path of a click."""
    return links.CLICK_PATH + links.click_token(context.keys, message_id, 2, url)


def test_a_click_is_in_the_database_when_it_is_answered(context: Context, tracker: Tracker) -> None:
    """The redirect leads to the exact target and is not kept by anybody."""
    status, headers, body = ask(tracker.wsgi, click(context), HTTP_ACCEPT_LANGUAGE="vi", HTTP_COOKIE="a=b")
    (row,) = rows(context, hits)
    assert (status, headers["Location"], body) == ("302 Found", URL, b"")
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert (row.kind, row.message_id, row.link, row.url, row.method) == ("click", 7, 2, URL, "GET")
    assert (row.ip, row.agent, row.headers) == ("203.0.113.0/24", CHROME, {"accept-language": "yes"})
    assert (row.at, row.engine_at) == (context.clock.real(), context.clock.engine())
    assert (row.verdict, row.settled, row.activity_id) == (None, False, None)
    assert context.wake.hits.is_set()


def test_an_open_gets_its_pixel(context: Context, tracker: Tracker) -> None:
    """Whether or not the message is still there."""
    status, headers, body = ask(tracker.wsgi, links.OPEN_PATH + links.open_token(context.keys, 9))
    (row,) = rows(context, hits)
    assert (status, headers["Content-Type"], len(body)) == ("200 OK", "image/gif", 43)
    assert (row.kind, row.message_id, row.link, row.url) == ("open", 9, None, None)


@pytest.mark.parametrize(
    "bend",
    [
        lambda token: f"{token}.",
        lambda token: f"{token}>",
        lambda token: f"{token}=",
        lambda token: f"{token}%3E%0D%0A",
        lambda token: f"{token}&utm_source=zalo",
        lambda token: f"{token}/",
        lambda token: f"{token}) hoặc",
        lambda token: f"{token[:40]}=\r\n{token[40:]}",
        lambda token: f"{token[:40]}\n {token[40:]}",
        lambda token: "".join(f"%{ord(sign):02X}" for sign in token),
    ],
    ids=[
        "stop",
        "bracket",
        "equals",
        "encoded",
        "parameters",
        "slash",
        "words",
        "soft-break",
        "wrapped",
        "all-encoded",
    ],
)
def test_a_link_survives_what_mail_programs_make_of_it(
    context: Context, tracker: Tracker, bend: Callable[[str], str]
) -> None:
    """Signs behind it, a line broken in it, letters encoded once more: it leads where it always led."""
    token = click(context).removeprefix(links.CLICK_PATH)
    status, headers, _ = ask(tracker.wsgi, links.CLICK_PATH + bend(token), QUERY_STRING="fbclid=x")
    assert (status, headers["Location"]) == ("302 Found", URL)
    assert [row.message_id for row in rows(context, hits)] == [7]


@pytest.mark.parametrize("bend", [str.upper, str.lower, lambda token: token[:-1], lambda token: "x" + token])
def test_a_token_with_a_wrong_letter_is_nothing(context: Context, tracker: Tracker, bend: Callable[[str], str]) -> None:
    """Case is part of it; nothing is guessed."""
    token = click(context).removeprefix(links.CLICK_PATH)
    assert ask(tracker.wsgi, links.CLICK_PATH + bend(token))[0] == "404 Not Found"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_hidden_link_leads_nowhere_and_is_kept(context: Context, tracker: Tracker, method: str) -> None:
    """Whoever follows it is judged by it."""
    made = links.MessageLinks(context.keys, "", 7)
    status, headers, body = ask(tracker.wsgi, made.trap(), method)
    assert (status, body) == ("204 No Content", b"")
    assert "Location" not in headers
    assert [(row.message_id, row.link) for row in rows(context, hits)] == [(7, links.TRAP)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_forged_token_is_answered_as_any_unknown_path(context: Context, tracker: Tracker, method: str) -> None:
    """Nothing tells the two apart, nothing is kept, and it leads nowhere."""
    token = links.click_token(new_ring(), 7, 2, URL)
    dangerous = links.click_token(context.keys, 7, 2, "javascript:alert(1)")
    paths = ["/nothing", "/c/", "/o/", f"/c/{token}", f"/o/{token}", "/c/%00", f"/c/{dangerous}", "/c/đ", ""]
    answers = [ask(tracker.wsgi, path, method) for path in paths]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == "404 Not Found"
    assert "Location" not in answers[0][1]
    assert rows(context, hits) == []


def test_the_unknown_page_speaks_both_languages() -> None:
    """Whoever arrives there reads one of them."""
    _, headers, body = ask(not_found, "/nothing")
    assert 'lang="vi"' in body.decode()
    assert 'lang="en"' in body.decode()
    assert int(headers["Content-Length"]) == len(body)


def test_another_application_may_answer_what_is_unknown(context: Context) -> None:
    """The pages' own 404 then stands for forged tokens too."""

    def pages(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("404 NOT FOUND", [("X-Pages", "yes")])
        return [b"ours"]

    assert ask(Tracker(context, pages).wsgi, "/c/forged") == ("404 NOT FOUND", {"X-Pages": "yes"}, b"ours")


@pytest.mark.parametrize(("method", "status"), [("HEAD", "302 Found"), ("OPTIONS", "204 No Content")])
def test_asking_about_a_link_is_answered_and_kept(context: Context, tracker: Tracker, method: str, status: str) -> None:
    """The verdict will say that it was a machine."""
    said, _, body = ask(tracker.wsgi, click(context), method)
    assert (said, body) == (status, b"")
    assert [row.method for row in rows(context, hits)] == [method]


def test_other_methods_are_refused(context: Context, tracker: Tracker) -> None:
    """A link is not posted to."""
    status, headers, _ = ask(tracker.wsgi, click(context), "POST")
    assert (status, headers["Allow"]) == ("405 Method Not Allowed", "GET, HEAD, OPTIONS")
    assert rows(context, hits) == []


def test_a_strangers_headers_are_kept_short_and_clean(context: Context, tracker: Tracker) -> None:
    """One line, bounded, valid text, and nothing that tells who it is."""
    nasty = "A\r\n\x00" + "ế".encode().decode("latin-1") + "\xff" + "x" * 5000
    ask(tracker.wsgi, click(context), HTTP_USER_AGENT=nasty, HTTP_SEC_PURPOSE="prefetch" * 99, HTTP_X_SECRET="s")
    (row,) = rows(context, hits)
    assert row.agent.startswith("A ế\ufffdxxx")
    assert len(row.agent) == 300
    assert set(row.headers) == {"sec-purpose"}
    assert len(row.headers["sec-purpose"]) == 60


def test_every_hit_of_a_crowd_is_kept_once(context: Context, tracker: Tracker) -> None:
    """Hits that arrive together share commits."""
    paths = [click(context, number) for number in range(200)]
    with ThreadPoolExecutor(16) as crowd:
        answers = list(crowd.map(lambda path: ask(tracker.wsgi, path)[0], paths))
    assert answers == ["302 Found"] * 200
    assert sorted(row.message_id for row in rows(context, hits)) == list(range(200))


def test_a_lead_does_not_wait_for_a_locked_database(context: Context, tracker: Tracker) -> None:
    """The hit is answered from the spool, and enters once though its commit succeeds after all."""
    locked, free = threading.Event(), threading.Event()

    def hold() -> None:
        with context.database.write() as conn:
            if not context.database.is_sqlite:
                conn.execute(sa.text("LOCK TABLE hits IN EXCLUSIVE MODE"))
            locked.set()
            free.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(5)
    answers = [ask(tracker.wsgi, click(context, number))[0] for number in (1, 2)]
    spooled = list((context.settings.data_dir / "spool").glob("*.jsonl"))
    free.set()
    holder.join()
    tracker.drain()
    tracker.stop()
    assert answers == ["302 Found"] * 2
    assert spooled
    assert sorted(row.message_id for row in rows(context, hits)) == [1, 2]
    assert list((context.settings.data_dir / "spool").glob("*.jsonl")) == []


def _rename(context: Context, before: str, after: str) -> None:
    with context.database.write() as conn:
        conn.execute(sa.text(f"ALTER TABLE {before} RENAME TO {after}"))


@pytest.fixture
def broken(context: Context) -> Iterator[Context]:
    """A context whose database refuses every hit until `_rename` mends it."""
    _rename(context, "hits", "away")
    yield context
    with context.database.read() as conn:
        gone = "hits" not in sa.inspect(conn).get_table_names()
    if gone:
        _rename(context, "away", "hits")


def test_a_hit_survives_a_failing_database(broken: Context) -> None:
    """The next process finds it in the spool."""
    first = Tracker(broken)
    first.start()
    status, _, _ = ask(first.wsgi, click(broken))
    first.stop()
    _rename(broken, "away", "hits")
    later = Tracker(broken)
    assert status == "302 Found"
    assert rows(broken, hits) == []
    assert (later.drain(), later.drain()) == (1, 0)
    assert [row.url for row in rows(broken, hits)] == [URL]


def test_a_hit_survives_a_failing_database_and_a_failing_disk(broken: Context) -> None:
    """It is held in memory until one of them is back."""
    (broken.settings.data_dir / "spool").write_text("a file where the folder should be")
    tracker = Tracker(broken)
    tracker.start()
    status, _, _ = ask(tracker.wsgi, click(broken))
    _rename(broken, "away", "hits")
    (broken.settings.data_dir / "spool").unlink()
    tracker.drain()
    tracker.stop()
    assert status == "302 Found"
    assert [row.url for row in rows(broken, hits)] == [URL]


def test_a_removed_database_file_is_not_written_to(context: Context) -> None:
    """SQLite would go on without an error, and the hits would be gone with the process."""
    path = Path(str(context.database.url.database))
    if not context.database.is_sqlite:
        return
    tracker = Tracker(context, patience=2.0)
    tracker.start()
    away = path.rename(path.with_suffix(".away"))
    status, headers, _ = ask(tracker.wsgi, click(context))
    spooled = list((context.settings.data_dir / "spool").glob("*.jsonl"))
    away.rename(path)
    tracker.drain()
    tracker.stop()
    assert (status, headers["Location"], len(spooled)) == ("302 Found", URL, 1)
    assert [row.url for row in rows(context, hits)] == [URL]


def _hit(context: Context, key: str) -> Hit:
    now = context.clock.real()
    return Hit(key, "click", 7, 1, URL, now, now, "GET", "Ứng dụng", "", {"purpose": "x"})


def test_the_spool_gives_back_what_was_kept(context: Context) -> None:
    """A line that a crash cut off was never promised to anybody."""
    spool = Spool(context.settings.data_dir / "spool")
    spool.append([_hit(context, "a"), _hit(context, "b")])
    (path,) = spool.finished()
    with path.open("ab") as file:
        file.write(b'{"key":"c","kind":"cli')
    assert list(read_back(path)) == [_hit(context, "a"), _hit(context, "b")]


def test_a_file_that_another_process_brought_in_is_no_error(context: Context) -> None:
    """Two processes may see the same file; one of them reads it."""
    spool = Spool(context.settings.data_dir / "spool")
    spool.append([_hit(context, "a")])
    (path,) = spool.finished()
    path.unlink()
    assert list(read_back(path)) == []


def test_the_spool_of_a_living_process_is_left_alone(context: Context) -> None:
    """It may still be written to."""
    folder = context.settings.data_dir / "spool"
    living, other = Spool(folder), Spool(folder)
    living.append([_hit(context, "a")])
    assert other.finished() == []
    assert len(living.finished()) == 1
    assert len(other.finished()) == 1


def test_a_hit_needs_no_message(context: Context, tracker: Tracker) -> None:
    """The token outlives what it was made for, and the row that is there changes nothing."""
    there = add_message(context, None)
    for message_id in (there, there + 1):
        assert ask(tracker.wsgi, click(context, message_id))[1]["Location"] == URL
    assert len(rows(context, hits)) == 2
