"""Processes that die, double, or meet a bad world: nothing twice, nothing lost, and a clear word."""

import os
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.faults.sink import Script, Sink
from tests.journeys.server import House, free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
SEGMENT = """
everybody_open:
  name: {vi: Chưa là khách hàng, en: Not customers}
  when: {none: [{lifecycle: customer}]}
"""
CAMPAIGN = """
key: trial
name: {vi: Thử, en: Trial}
entry: {segment: everybody_open, existing: enroll, again: never}
sending: {class: advertising, from: house}
steps:
  - {id: hello, send_email: %s}
"""


def _definitions(folder: Path, email: str = "welcome_series_hello") -> Path:
    home = folder / "definitions"
    shutil.copytree(ROOT / "campaigns" / "_shared", home / "_shared")
    with (home / "_shared" / "segments.yaml").open("a", encoding="utf-8") as file:
        file.write(SEGMENT)
    (home / "trial.yaml").write_text(CAMPAIGN % email, "utf-8")
    return home


def _file(folder: Path, count: int) -> Path:
    path = folder / "leads.csv"
    lines = ["Họ và tên;Email", *(f"Người {n};n{n}@example.com" for n in range(count))]
    path.write_text("\n".join(lines), "utf-16")
    return path


def _filled(tmp_path: Path, sink_port: int, count: int, **settings: str) -> House:
    house = House(
        tmp_path, SMTP_URL=f"smtp://127.0.0.1:{sink_port}", CAMPAIGNS_DIR=str(_definitions(tmp_path)), **settings
    )
    house.call("leads", "import", str(_file(tmp_path, count)), "--consent", "Biểu mẫu trang web, 01/2026")
    house.call("apply", "--yes")
    return house


@pytest.mark.postgres
def test_two_clocks_and_three_workers_mail_nobody_twice(tmp_path: Path, postgres_server: str) -> None:
    """On one PostgreSQL any number of processes share the work."""
    name = f"nurture_journey_{os.getpid()}"
    url = sa.make_url(postgres_server)
    admin = sa.create_engine(url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    target = url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    try:
        with Sink(Script(delay=0.01)) as sink:
            house = _filled(tmp_path, sink.port, 400, DATABASE_URL=target)
            with (
                house.process("clock"),
                house.process("clock"),
                house.process("worker"),
                house.process("worker"),
                house.process("worker"),
            ):
                wait_for(lambda: len(sink.accepted) >= 400, 90, "all mails arrive")
                time.sleep(3)
            account = house.json("sends")
        assert Counter(sink.accepted).most_common(1)[0][1] == 1
        assert account["states"]["sent"] == account["audience"] == 400
        assert "deadlock" not in house.log.lower()
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        admin.dispose()


def test_a_server_killed_in_the_middle_goes_on_and_mails_nobody_twice(tmp_path: Path) -> None:
    """kill -9 of the whole group, three times: each address is accepted once, or told as unknown."""
    with Sink(Script(delay=0.03)) as sink:
        house = _filled(tmp_path, sink.port, 300)
        for goal in (40, 110, 190):
            with house.up() as running:
                wait_for(lambda goal=goal: len(sink.accepted) >= goal, 60, f"{goal} mails arrive")
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()
        with house.up():
            wait_for(lambda: _is_through(house), 60, "all is accounted for")
            account = house.json("sends")
    assert Counter(sink.accepted).most_common(1)[0][1] == 1
    assert account["audience"] == 300
    assert account["states"]["sent"] + account["states"]["unknown"] == 300
    assert account["states"]["unknown"] <= 3 * 4  # kills, times open conversations
    assert len(sink.accepted) + account["states"]["unknown"] >= 300


def _is_through(house: House) -> bool:
    states = house.json("sends")["states"]
    return states["queued"] + states["sending"] + states["deferred"] == 0 and states["sent"] > 0


def test_a_dead_relay_delays_and_loses_nothing(tmp_path: Path) -> None:
    """While nobody answers, messages wait; when the relay is back, each goes once."""
    port = free_port()
    house = _filled(tmp_path, port, 20)
    with house.up():
        wait_for(lambda: house.json("sends")["audience"] == 20, 30, "messages are written")
        time.sleep(2)
        assert house.json("sends")["states"]["sent"] == 0
        with Sink(Script(), port=port) as sink:
            wait_for(lambda: house.json("sends")["states"]["sent"] == 20, 90, "all is sent after the relay is back")
            assert sorted(sink.accepted) == sorted(f"n{n}@example.com" for n in range(20))


def test_nothing_leaves_through_an_outside_relay_while_links_are_dead(tmp_path: Path) -> None:
    """A loopback address in every link would be no way to unsubscribe; the page says why nothing goes."""
    house = House(tmp_path, SMTP_URL="smtps://tin:secret@mx.anphat.example", CAMPAIGNS_DIR=str(_definitions(tmp_path)))
    house.call("leads", "import", str(_file(tmp_path, 3)), "--consent", "Biểu mẫu trang web, 01/2026")
    house.call("apply", "--yes")
    with house.up():
        wait_for(lambda: house.json("sends")["audience"] == 3, 30, "messages are written")
        time.sleep(2)
        states = house.json("sends")["states"]
    assert states["queued"] == 3


def test_ctrl_c_while_it_starts_ends_it_at_once(tmp_path: Path) -> None:
    """The web process is told while it still builds; nobody waits until it is killed."""
    house = House(tmp_path)
    with house.process("up") as running:
        wait_for(lambda: _has_child(running.pid), 30, "a web process begins")
        os.killpg(running.pid, signal.SIGINT)
        running.wait(10)
    assert running.returncode == 0
    with house.up():
        assert house.json("sends")["audience"] == 0


def _has_child(pid: int) -> bool:
    listed = Path(f"/proc/{pid}/task/{pid}/children")  # Linux
    if listed.exists():
        return bool(listed.read_text("ascii").strip())
    parents = subprocess.run(["ps", "-A", "-o", "ppid="], capture_output=True, text=True, check=True)
    return str(pid) in parents.stdout.split()


def test_a_second_server_and_a_taken_port_are_said(tmp_path: Path) -> None:
    """The message names the port and the way out."""
    house = House(tmp_path)
    with house.up():
        said = house.call("up", status=3)
        house.env["NURTURE_PORT"] = str(free_port())
        mailbox = house.call("up", status=3)
        house.env["NURTURE_MAILBOX_PORT"] = str(free_port())
        beside = house.call("up", status=3)
    assert f"127.0.0.1:{house.port}" in said
    assert "NURTURE_PORT" in said
    assert "NURTURE_MAILBOX_PORT" in mailbox
    assert "Another server runs on this database" in beside
    assert "nurture runs at" not in said + mailbox + beside


def test_wrong_definitions_are_all_said_and_nothing_is_applied(tmp_path: Path) -> None:
    """Unknown email, broken YAML, wrong rule: file, line and mend of each; the database keeps what it had."""
    home = _definitions(tmp_path, email="welcom_series_hello")
    (home / "broken.yaml").write_text("key: [unclosed\nname: x\n", "utf-8")
    house = House(tmp_path, CAMPAIGNS_DIR=str(home))
    said = house.call("check", status=1)
    assert "trial.yaml:7" in said
    assert "welcome_series_hello" in said  # did you mean
    assert "broken.yaml:" in said
    refused = house.json("apply", "--yes", status=1)
    assert not refused["applied"]
    assert ("trial.yaml", 7) in {(one["file"], one["line"]) for one in refused["problems"]}
    assert house.json("campaigns", "list") == []


def test_the_demo_of_one_kind_of_time_refuses_the_other(tmp_path: Path) -> None:
    """A database that ran on the real clock is not put into time-lapse."""
    house = House(tmp_path)
    with house.up():
        pass
    house.env["NURTURE_TIME_LAPSE"] = "60"
    assert "real clock" in house.call("up", status=3)
