"""What the doctor finds: in settings, in the database, on the ways of mail, in what runs."""

import json
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from nurture.cli.examinations import Place, database, examine_all, mail, running, settings
from nurture.cli.main import main
from nurture.cli.output import Status
from nurture.engine import presence
from nurture.kernel.clock import ManualClock
from nurture.kernel.context import Context
from nurture.kernel.database import Database
from nurture.kernel.dns import GivenRecords
from nurture.kernel.findings import Finding, Level
from nurture.kernel.installation import settle
from nurture.kernel.settings import Settings, read_settings
from nurture.kernel.tables import leases
from nurture.messages.tables import messages
from nurture.migrations import head, migrate, revisions


def _settings(tmp_path: Path, **changes: str) -> Settings:
    return read_settings({"NURTURE_DATA_DIR": str(tmp_path), **{f"NURTURE_{k}": v for k, v in changes.items()}})


def _said(findings: list[Finding], level: Level) -> str:
    return " | ".join(one.said("en")[0] for one in findings if one.level is level)


def _stamp(context: Context, revision: str) -> None:
    with context.database.write() as conn:
        conn.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        conn.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        conn.execute(sa.text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})


@pytest.fixture
def stamped(context: Context) -> Iterator[Context]:
    """A database that says it has the newest form."""
    _stamp(context, head())
    settle(context.database, real=context.clock.real(), demo=False)
    yield context
    with context.database.write() as conn:
        conn.exec_driver_sql("DROP TABLE alembic_version")


# -- all together --


def test_what_hangs_or_breaks_hides_nothing_else(tmp_path: Path) -> None:
    """It is left behind when the time is over; its own line says so."""
    released = threading.Event()

    def hangs(_: Place) -> list[Finding]:
        released.wait(10)
        return []

    def breaks(_: Place) -> list[Finding]:
        raise RuntimeError("mai@anphat.vn")

    begun = time.monotonic()
    place = Place(_settings(tmp_path))
    found = examine_all(place, {"a": hangs, "b": breaks, "settings": settings.examine}, seconds=0.3)
    released.set()
    assert time.monotonic() - begun < 5
    assert [(one.section, one.level) for one in found] == [
        ("a", Level.WRONG), ("b", Level.WRONG), ("settings", Level.OK),
    ]  # fmt: skip
    assert "mai@" not in str([one.to_json() for one in found])


# -- settings --


OUTSIDE = {"SMTP_URL": "smtps://u:p@relay.vn", "MAIL_FROM": "An Phát <tin@anphat.vn>", "BASE_URL": "https://x.anphat.vn",
           "HOUSE_NAME": "An Phát", "HOUSE_ADDRESS": "Hà Nội", "BREVO_SECRET": "x" * 30}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "level", "said"),
    [
        ({}, Level.OK, "go together"),
        (OUTSIDE, Level.OK, "go together"),
        ({"SECRET_KEY": "short"}, Level.WARNING, "secret key is short"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8, 0.0.0.0/0"}, Level.WRONG, "NURTURE_TRUSTED_PROXIES names the whole internet"),
        ({"WEBHOOK_ALLOW": "::/0"}, Level.WRONG, "NURTURE_WEBHOOK_ALLOW names the whole internet"),
        ({"METRICS_PORT": "9000", "METRICS_HOST": "192.0.2.1"}, Level.WARNING, "nobody may read them"),
        ({"INBOX_URL": "imaps://u:p@m.vn/INBOX"}, Level.WARNING, "nothing of where returns go"),
        ({**OUTSIDE, "BREVO_SECRET": ""}, Level.WARNING, "Nobody tells of bounces"),
        ({**OUTSIDE, "MAIL_FROM": "a@anphat.example"}, Level.WRONG, "a domain for examples"),
        ({**OUTSIDE, "HOUSE_NAME": ""}, Level.WARNING, "who sends them"),
        ({**OUTSIDE, "LAW": "none"}, Level.WARNING, "No law's rules"),
        ({"DKIM": "anphat.vn nurture=/nowhere.pem"}, Level.WRONG, "signed with cannot be used"),
    ],
)
def test_settings_that_are_dangerous_or_odd_together_are_named(
    tmp_path: Path, given: dict[str, str], level: Level, said: str
) -> None:
    """One line for each, and none where all is well."""
    found = list(settings.examine(Place(_settings(tmp_path, **given))))
    assert said in _said(found, level)
    assert len(found) == 1


def test_keys_that_others_can_read_are_wrong(tmp_path: Path) -> None:
    """Whoever has them can forge links."""
    (tmp_path / "keys.json").write_text("{}")
    (tmp_path / "keys.json").chmod(0o644)
    found = list(settings.examine(Place(_settings(tmp_path))))
    assert "keys.json" in _said(found, Level.WRONG)


# -- the database --


def test_a_database_that_is_well_is_said_to_be(stamped: Context) -> None:
    """Its form, its kind, its wholeness."""
    found = list(database.examine(Place(stamped.settings)))
    assert {one.level for one in found} == {Level.OK}
    assert f"newest form ({head()})" in _said(found, Level.OK)


def test_an_older_form_is_wrong_and_an_unknown_one_odd(stamped: Context) -> None:
    """The one asks for a migration, the other for an upgrade of this machine."""
    older = sorted(revisions() - {head()})[0]
    _stamp(stamped, older)
    assert "older form" in _said(list(database.examine(Place(stamped.settings))), Level.WRONG)
    _stamp(stamped, "9999")
    assert "does not know" in _said(list(database.examine(Place(stamped.settings))), Level.WARNING)


def test_a_clock_that_is_wrong_is_found(stamped: Context) -> None:
    """Against the database's."""
    with stamped.database.read() as conn:
        late = ManualClock(stamped.database.now(conn) - timedelta(minutes=2))
    found = list(database.examine(Place(stamped.settings, clock=late)))
    assert "clock is -1" in _said(found, Level.WRONG)


def test_a_file_that_is_damaged_or_has_lost_rows_is_found(sqlite_url: str, tmp_path: Path) -> None:
    """Bytes of its middle overwritten; a row that names one that is gone."""
    place = Place(_settings(tmp_path, DATABASE_URL=sqlite_url))
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        conn.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        conn.execute("INSERT INTO user_links (user_id, purpose, token_hash, expires_at) VALUES (4711, 'x', 'x', 0)")
        conn.commit()
    assert "Rows of user_links" in _said(list(database.examine(place)), Level.WRONG)
    raw = bytearray(path.read_bytes())
    for page in range(4096 * 20, len(raw), 4096):
        raw[page : page + 64] = b"\xff" * 64
    path.write_bytes(raw)
    assert _said(list(database.examine(place)), Level.WRONG)


def test_a_database_that_is_not_there_or_does_not_answer_is_said(tmp_path: Path) -> None:
    """The password is not."""
    found = list(database.examine(Place(_settings(tmp_path))))
    assert "There is no database" in _said(found, Level.WARNING)
    dead = _settings(tmp_path, DATABASE_URL="postgresql://nurture:s3cret@127.0.0.1:1/x")
    found = list(database.examine(Place(dead)))
    assert "does not answer" in _said(found, Level.WRONG)
    assert "s3cret" not in str(found[0].to_json())
    assert "It cannot be seen what runs" in _said(list(running.examine(Place(dead))), Level.WARNING)


# -- what runs --


def test_what_runs_and_what_is_late_is_said(stamped: Context) -> None:
    """Nothing yet; then a process, and mail that nobody sends."""
    place = Place(stamped.settings)
    assert "Nothing runs" in _said(list(running.examine(place)), Level.WARNING)
    presence.Presence(stamped, {"web", "clock", "worker"}).say()
    with stamped.database.write() as conn:
        at = stamped.database.now(conn)
        conn.execute(leases.insert().values(name="clock", holder="h:1:x", until=at + timedelta(seconds=10), fence=1))
        row: dict[str, Any] = {
            "purpose": "alert", "template_key": "x", "language": "vi", "class_": "transactional", "policy": {},
            "state": "queued", "header_id": "x", "created_at": at, "planned_at": at - timedelta(hours=1),
            "not_before": at - timedelta(hours=1),
        }  # fmt: skip
        conn.execute(messages.insert().values(row))
    found = list(running.examine(place))
    wrong = _said(found, Level.WRONG)
    assert "no sender process lives" in wrong
    assert "Urgent mail has waited for 1 hour" in wrong
    assert "runs: clock web worker" in _said(found, Level.OK)
    assert "email that is due has waited for 1 hour" in _said(found, Level.OK)


def test_a_folder_that_cannot_be_written_or_is_nearly_full_is_found(tmp_path: Path) -> None:
    """One that is not there yet is no trouble."""
    assert "There is no data folder yet" in _said(list(running.disk(Place(_settings(tmp_path / "new")))), Level.OK)
    assert "free at" in _said(list(running.disk(Place(_settings(tmp_path)))), Level.OK)


# -- the ways of mail --


def _port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _relay(greeting: bytes) -> tuple[int, threading.Thread]:
    """A relay that greets so, takes EHLO, and says goodbye."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with server, server.accept()[0] as line:
            line.sendall(greeting)
            while said := line.recv(1000):
                line.sendall(b"250 relay\r\n" if said.startswith(b"EHLO") else b"221 bye\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return int(server.getsockname()[1]), thread


def _asked() -> GivenRecords:
    return GivenRecords({"anphat.vn": ["v=spf1 ip4:203.0.113.5 -all"], "_dmarc.anphat.vn": ["v=DMARC1; p=none"]},
                        {"anphat.vn": [(10, "mx.anphat.vn")]})  # fmt: skip


@pytest.mark.parametrize(
    ("greeting", "level", "said"),
    [(b"220 relay\r\n", Level.OK, "takes us"), (b"554 go away\r\n", Level.WRONG, "554 go away")],
)
def test_a_relay_is_talked_to_without_a_mail(tmp_path: Path, greeting: bytes, level: Level, said: str) -> None:
    """As far as it lets us in; what it says otherwise is shown."""
    port, thread = _relay(greeting)
    found = list(mail.ways(Place(_settings(tmp_path, SMTP_URL=f"smtp://127.0.0.1:{port}"), _asked)))
    thread.join(5)
    assert said in _said(found, level)


def test_ways_that_are_dead_are_found_and_their_secrets_are_not_shown(tmp_path: Path) -> None:
    """A relay, a mailbox, our own address."""
    given = _settings(
        tmp_path, SMTP_URL=f"smtp://u:s3cret@127.0.0.1:{_port()}", BASE_URL=f"http://127.0.0.1:{_port()}",
        INBOX_URL=f"imap://u:s3cret@127.0.0.1:{_port()}/INBOX",
    )  # fmt: skip
    place = Place(given, _asked)
    found = [*mail.ways(place), *mail.inbox(place), *mail.web(place)]
    assert [one.level for one in found] == [Level.WRONG, Level.WRONG, Level.WARNING]
    assert "s3cret" not in str([one.to_json() for one in found])


def test_the_dns_is_asked_about_every_domain_that_mail_comes_from(tmp_path: Path) -> None:
    """And about the one that returns go to."""
    given = _settings(tmp_path, **OUTSIDE, BOUNCE_ADDRESS="bounces@anphat.vn")
    found = list(mail.dns(Place(given, _asked)))
    assert [one.level for one in found] == [Level.OK, Level.WARNING, Level.OK, Level.OK, Level.OK]
    assert "not signed" in _said(found, Level.WARNING)
    assert "mx.anphat.vn" in _said(found, Level.OK)


def test_nothing_is_asked_outside_where_mail_stays_or_somebody_said_so(tmp_path: Path) -> None:
    """A resolver that would be asked fails the test."""
    stays = Place(_settings(tmp_path), lambda: pytest.fail("asked"))
    outside = Place(_settings(tmp_path, **OUTSIDE, INBOX_URL="imaps://u:p@m.vn/INBOX", BOUNCE_ADDRESS="b@anphat.vn"))
    assert {one.level for one in mail.dns(stays)} == {Level.OK}
    for look in (mail.dns, mail.ways, mail.inbox, mail.web):
        assert all(one.level is Level.OK for one in look(outside))


def test_links_that_nobody_outside_can_open_are_wrong(tmp_path: Path) -> None:
    """Nothing goes by a relay outside then."""
    given = _settings(tmp_path, **{**OUTSIDE, "BASE_URL": "http://anphat.vn"})
    assert "cannot open http://anphat.vn" in _said(list(mail.web(Place(given))), Level.WRONG)


# -- the command --


def test_the_command_says_all_of_it_and_how_bad_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In JSON for scripts; 0 while nothing is wrong, 1 when something is, and no database is no house."""
    monkeypatch.setenv("NURTURE_DATA_DIR", str(tmp_path))
    assert CliRunner().invoke(main, ["doctor", "--offline"]).exit_code == Status.FAILED
    one = Database(f"sqlite:///{tmp_path / 'nurture.db'}")
    migrate(one)
    answer = CliRunner().invoke(main, ["doctor", "--offline", "--json"])
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert told["patients"] == []
    assert told["mended"] == {}
    assert {row["section"] for row in told["findings"]} >= {"settings", "database", "running", "disk", "dns", "relays"}
    (tmp_path / "keys.json").chmod(0o644)
    answer = CliRunner().invoke(main, ["doctor", "--offline"])
    assert answer.exit_code == Status.FINDINGS
    assert "chmod 600" in answer.output
    with one.read() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM leads")).scalar_one() == 0
    one.close()


def test_a_relay_in_a_file_is_examined_too(tmp_path: Path) -> None:
    """Each by itself, the built-in mailbox by nobody."""
    port, thread = _relay(b"220 relay\r\n")
    path = tmp_path / "relays.yaml"
    path.write_text(f"relays:\n  - {{key: one, url: 'smtp://127.0.0.1:{port}'}}\n  - {{key: two, url: mailbox}}\n")
    given = replace(_settings(tmp_path), relays_file=_settings(tmp_path, RELAYS_FILE=str(path)).relays_file)
    found = list(mail.ways(Place(given, _asked)))
    thread.join(5)
    assert [(one.where, one.level) for one in found] == [("one", Level.OK)]
