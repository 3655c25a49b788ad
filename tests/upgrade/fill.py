"""Fills a database with the first release, as its users would: by its commands, its pages, its mails.

It made what lies in `first_sqlite` and `first_postgresql`, which stands for ever; it is kept to show what is in there.
To run it: check out `c1ae635` elsewhere, and with that checkout's command
`python -m tests.upgrade.fill NURTURE FOLDER [postgresql://…]`.
"""

import json
import os
import random
import re
import shutil
import signal
import sys
import time
from contextlib import suppress
from email import message_from_bytes, policy
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, urlopen

import sqlalchemy as sa

from tests.faults.sink import Fault, Script, Sink
from tests.journeys import server
from tests.journeys.server import CRAWLER, HUMAN, House, Visitor, wait_for

PASSWORD = "correct horse battery 9"
SPEED = "14400"  # four hours in a second
TRIAL = """
key: trial
name: {vi: Thử, en: Trial}
entry: {segment: everybody_open, existing: enroll, again: never}
sending: {class: advertising, from: owner}
steps:
  - {id: hello, send_email: welcome_series_hello}
  - {id: breathe, wait: 2 days}
  - id: looked
    branch:
      when: {clicked: {email: welcome_series_hello, within: 7 days}}
      then: [{id: eager, add_tag: eager}]
      else: [{id: remind, send_email: welcome_series_reminder}]
  - {id: rest, wait: 60 days}
  - {id: guide, send_email: welcome_series_guide}
"""
LAST = """
key: last
name: {vi: Cuối, en: Last}
entry: {segment: everybody_open, existing: enroll, again: never}
sending: {class: care, from: house}
steps:
  - {id: bye, send_email: welcome_series_reminder}
  - {id: rest, wait: 3 days}
  - {id: again, send_email: welcome_series_guide}
"""
SEGMENT = """
everybody_open:
  name: {vi: Chưa là khách hàng, en: Not customers}
  when: {none: [{lifecycle: customer}]}
"""
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Đặng", "Bùi", "Đỗ", "Võ", "Ngô")
GIVEN = ("Mai", "Nam", "Hà", "Sơn", "Đào", "Bình", "Thảo", "Ước", "Quỳnh", "Khoa", "Lan", "Tú")
CITIES = ("Hà Nội", "Huế", "Đà Nẵng", "TP. Hồ Chí Minh")


def _file(folder: Path) -> Path:
    draw = random.Random(7)
    lines = ["Họ và tên,Email,Số điện thoại,Doanh nghiệp,City,Lead Source,Do Not Email,Converted"]
    for number in range(70):
        name = f"{draw.choice(FAMILY)} {draw.choice(GIVEN)}"
        word = {0: "sai", 1: "cham", 2: "treo"}.get(number % 14, "khach")
        lines.append(
            f"{name},{word}{number}@example.com,09012{number:05},Công ty {draw.choice(GIVEN)} {number % 9},"
            f"{draw.choice(CITIES)},{draw.choice(('google', 'facebook', 'bạn bè'))},"
            f"{'Yes' if number % 11 == 5 else 'No'},{1 if number % 13 == 6 else 0}"
        )
    lines.append("Tên Khác,khach3@example.com,0988888888,,,google,No,0")  # a duplicate that says otherwise
    lines += ["Không Thư,,0912345678,,,google,No,0", "Hỏng,khong-phai-thu,123,,,google,No,0"]
    path = folder / "leads.csv"
    path.write_text("\ufeff" + "\n".join(lines) + "\n", "utf-8")
    return path


def _quiet(folder: Path) -> Path:
    path = folder / "quiet.csv"
    path.write_text("Name,Email\n" + "".join(f"Quiet {n},quiet{n}@example.com\n" for n in range(6)), "utf-8")
    return path


def _links(raw: bytes) -> tuple[str, list[str], str]:
    mail = message_from_bytes(raw, policy=policy.default)
    body = mail.get_body(("html",))
    text = body.get_content() if body is not None else ""
    pixel = re.search(r'src="([^"]+/o/[^"]+)"', text)
    leave = re.search(r"<([^>]+/u/[^>]+)>", str(mail["List-Unsubscribe"] or ""))
    links = list(dict.fromkeys(re.findall(r'href="([^"]+/c/[^"]+)"', text)))
    return pixel[1] if pixel else "", links, leave[1] if leave else ""


def _get(url: str) -> None:
    with urlopen(Request(url, headers={"User-Agent": HUMAN}), timeout=10) as answer:
        answer.read()


def _post(url: str, **fields: str) -> None:
    with urlopen(Request(url, urlencode(fields).encode(), {"User-Agent": HUMAN}), timeout=10) as answer:
        answer.read()


def _read(house: House, sink: Sink, seen: set[int]) -> None:
    """Leads open, follow links, and leave; scanners follow every link."""
    for number in range(len(sink.mails)):
        if number in seen:
            continue
        seen.add(number)
        pixel, links, leave = _links(sink.mails[number])
        if pixel and number % 5 != 4:
            _get(pixel)
        if links and number % 9 == 3:
            for link in links[:5]:
                house.redirect(link, agent=CRAWLER)
        elif links and number % 3:
            house.redirect(links[number % len(links)])
        if leave and number in {11, 29}:
            _post(leave, **{"List-Unsubscribe": "One-Click"})


def _sell(house: House, database: sa.Engine) -> None:
    """What people of the house do on its pages."""
    page = Visitor(house, "ha@anphat.example", PASSWORD)
    chief = Visitor(house, "chu@anphat.example", PASSWORD)
    handlers: list[object] = vars(page.opener)["handlers"]
    jar = next(one.cookiejar for one in handlers if isinstance(one, HTTPCookieProcessor))
    (house.folder / "cookies.json").write_text(json.dumps({one.name: one.value for one in jar}), "utf-8")
    query = sa.text("SELECT public_id FROM leads WHERE email LIKE 'khach%' ORDER BY id")
    with database.connect() as conn:
        public = list(conn.execute(query).scalars())
    for number, one in enumerate(public[:9]):
        at = f"/leads/{one}"
        with suppress(HTTPError):
            for outcome in ("interested", "call_back"):
                page.post(f"{at}/record", page=at, kind="call", outcome=outcome, note="muốn xem báo giá")
            page.post(f"{at}/tag", page=at, tag="Khách VIP")
            if number == 1:
                chief.post(f"{at}/mail", page=at, do="stop", reason="đang đàm phán")
            if number == 2:
                chief.post(f"{at}/refusal", page=at, proof="gọi điện ngày 3")
            if number == 3:
                chief.post(f"{at}/temperature", page=at, temperature="hot", reason="gặp ở hội chợ")
            if number in {4, 5, 6}:
                chief.post(f"{at}/opportunity", page=at)
    wait_for(lambda: _ask(database, "SELECT count(*) FROM opportunities") > 1, 30, "opportunities")


def _ask(database: sa.Engine, query: str) -> int:
    with database.connect() as conn:
        return int(conn.execute(sa.text(query)).scalar_one())


def _count(database: sa.Engine, state: str) -> int:
    return _ask(database, f"SELECT count(*) FROM messages WHERE state = '{state}'")  # noqa: S608 - our word


def _definitions(folder: Path) -> Path:
    home = folder / "definitions"
    shutil.copytree(Path(sys.argv[1]).parent.parent / "campaigns", home)
    with (home / "_shared" / "segments.yaml").open("a", encoding="utf-8") as file:
        file.write(SEGMENT)
    (home / "trial.yaml").write_text(TRIAL, "utf-8")
    return home


def fill(folder: Path, url: str) -> None:
    """Everything that a house meets in some weeks, ended by a kill in the middle of a sending."""
    faults = [
        Fault("rcpt", "550 5.1.1 no such person", "sai"),
        Fault("rcpt", "451 4.2.0 later", "cham"),
        Fault("dot", "hang", "treo2@", times=1),
        Fault("dot", "hang", "treo16@", times=1),
    ]
    with Sink(Script(faults=faults)) as sink:
        home = _definitions(folder)
        house = House(
            folder, SMTP_URL=f"smtp://127.0.0.1:{sink.port}", CAMPAIGNS_DIR=str(home), TIME_LAPSE=SPEED,
            **({"DATABASE_URL": url} if url else {}),
        )  # fmt: skip
        at = url.replace("postgresql:", "postgresql+psycopg:") or f"sqlite:///{folder / 'data' / 'nurture.db'}"
        database = sa.create_engine(at)
        (folder / "password").write_text(PASSWORD)
        for email, name, role in (
            ("chu@anphat.example", "Lý Văn Chủ", "admin"), ("ha@anphat.example", "Trần Thu Hà", "sales"),
            ("binh@anphat.example", "Đỗ Bình", "sales"), ("mo@anphat.example", "Vũ Mơ", "marketer"),
        ):  # fmt: skip
            asked = ("--name", name, "--role", role, "--password-file", str(folder / "password"))
            house.call("users", "add", email, *asked)
        house.call("users", "invite", "moi@anphat.example", "--name", "Người Mới", "--role", "viewer")
        agreed = ("--consent", "Biểu mẫu trang web, 01/2026", "--tag", "hội chợ", "--keep-phone-only")
        house.call("leads", "import", str(_file(folder)), *agreed, status=1)
        house.call("leads", "import", str(_quiet(folder)), "--source", "mua", status=0)
        house.call("apply", "--yes")
        seen: set[int] = set()
        with house.up() as running:
            wait_for(lambda: _count(database, "sending") > 1 and len(sink.mails) > 20, 60, "the first mails")
            time.sleep(1)
            _read(house, sink, seen)
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        with house.up() as running:
            until = time.monotonic() + 30
            _read(house, sink, seen)
            _sell(house, database)
            while time.monotonic() < until:
                _read(house, sink, seen)
                time.sleep(0.5)
            (home / "last.yaml").write_text(LAST, "utf-8")
            sink.script.delay = 2.0
            house.call("apply", "--yes")
            house.call("campaigns", "pause", "re_engagement")
            wait_for(lambda: _count(database, "sending") > 2 and _count(database, "queued") > 5, 30, "the last mails")
            _read(house, sink, seen)
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        database.dispose()
        (folder / "links.json").write_text(json.dumps([_links(one) for one in sink.mails[:40]]), "utf-8")


if __name__ == "__main__":
    server.NURTURE = Path(sys.argv[1])
    fill(Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")
