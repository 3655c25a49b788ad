"""A lead's whole way through a real server: in by file, mailed over SMTP, clicked, scored, sold, alerted."""

import base64
import json
import re
import shutil
import sqlite3
import time
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.faults.sink import Script, Sink
from tests.journeys.server import CRAWLER, House, Visitor, wait_for

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery 9"
CAMPAIGN = """
key: trial
name: {vi: Thử, en: Trial}
entry: {segment: everybody_open, existing: enroll, again: never}
sending: {class: advertising, from: owner}
steps:
  - {id: hello, send_email: welcome_series_hello}
"""
SEGMENT = """
everybody_open:
  name: {vi: Chưa là khách hàng, en: Not customers}
  when: {none: [{lifecycle: customer}]}
"""
HOSTILE = {
    "bcc@example.com": "=?UTF-8?Q?=0A?=Bcc: x@evil.test",
    "braces@example.com": "{{ 7*7 }}{% for x in range(9) %}x{% endfor %}",
    "script@example.com": "<script>alert(1)</script>",
    "break@example.com": "Mai\r\nBcc: y@evil.test",
    "long@example.com": "Nguyễn " * 1400,
}


@pytest.fixture
def definitions(tmp_path: Path) -> Path:
    """A folder of one campaign without a sending window, over all who are not customers."""
    folder = tmp_path / "definitions"
    shutil.copytree(ROOT / "campaigns" / "_shared", folder / "_shared")
    with (folder / "_shared" / "segments.yaml").open("a", encoding="utf-8") as file:
        file.write(SEGMENT)
    (folder / "trial.yaml").write_text(CAMPAIGN, "utf-8")
    return folder


def _file(folder: Path, rows: list[str]) -> Path:
    path = folder / "leads.csv"
    head = "Họ và tên,Email,Số điện thoại,Doanh nghiệp,City,Lead Source,Do Not Email,Converted"
    path.write_text("\ufeff" + "\n".join([head, *rows]) + "\n", "utf-8")
    return path


def _house(tmp_path: Path, definitions: Path, sink: Sink) -> House:
    house = House(tmp_path, SMTP_URL=f"smtp://127.0.0.1:{sink.port}", CAMPAIGNS_DIR=str(definitions))
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    house.call("users", "add", "ha@anphat.example", "--name", "Trần Thu Hà", "--password-file", str(password))
    return house


def _links(raw: bytes) -> list[str]:
    mail = message_from_bytes(raw, policy=policy.default)
    body = mail.get_body(("html",))
    assert body is not None
    return list(dict.fromkeys(re.findall(r'href="([^"]+/c/[^"]+)"', body.get_content())))


def _target(link: str) -> str:
    """The address a token carries, read without its key: it is signed, not hidden."""
    token = link.rsplit("/", 1)[1]
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return raw[raw.index(b"http") :].decode("utf-8")


def _mail_to(sink: Sink, address: str) -> bytes | None:
    found = [raw for raw in list(sink.mails) if f"<{address}>".encode() in raw or f"To: {address}".encode() in raw]
    return found[-1] if found else None


def test_a_click_makes_score_opportunity_and_alert_within_five_seconds(tmp_path: Path, definitions: Path) -> None:
    """A human's click warms a lead until it is an opportunity whose owner is told why; a crawler's moves nothing."""
    rows = [
        "Nguyễn Thị Mai,mai@example.com,0901234567,Công ty An Khang,Hà Nội,google,No,0",
        "Lê Văn Nam,nam@example.com,0901234568,Công ty Sao Mai,Huế,google,No,0",
    ]
    with Sink(Script()) as sink:
        house = _house(tmp_path, definitions, sink)
        house.call("leads", "import", str(_file(tmp_path, rows)), "--consent", "Biểu mẫu trang web, 01/2026")
        house.call("apply", "--yes")
        _works_at_any_hour(tmp_path)
        with house.up():
            raw = wait_for(lambda: _mail_to(sink, "mai@example.com"), 30, "the first mail arrives")
            other = wait_for(lambda: _mail_to(sink, "nam@example.com"), 30, "the second mail arrives")
            time.sleep(1.2)  # sooner after the sending a click would be suspect
            for link in _links(other):
                house.redirect(link, agent=CRAWLER)
            database = sqlite3.connect(tmp_path / "data" / "nurture.db")
            page = _called_twice(house, database)
            link = next(one for one in _links(raw) if "bang-gia" in _target(one))
            clicked = time.monotonic()
            assert house.redirect(link) == (302, _target(link))
            wait_for(lambda: database.execute("SELECT 1 FROM alerts WHERE state = 'open'").fetchone(), 5, "the alert")
            assert time.monotonic() - clicked < 5
            score = "SELECT engagement, temperature FROM leads WHERE email = ?"
            assert database.execute(score, ["mai@example.com"]).fetchone() == (70, "hot")
            assert database.execute("SELECT state FROM opportunities").fetchall() == [("open",)]
            assert database.execute(score, ["nam@example.com"]).fetchone() == (0, "cold")
            verdicts = (
                "SELECT DISTINCT verdict FROM hits h JOIN messages m ON m.id = h.message_id"
                " JOIN leads l ON l.id = m.lead_id WHERE l.email = ?"
            )
            assert database.execute(verdicts, ["nam@example.com"]).fetchall() == [("machine",)]
            owner = "SELECT u.email FROM leads l JOIN users u ON u.id = l.owner_id WHERE l.email = ?"
            assert database.execute(owner, ["mai@example.com"]).fetchone() == ("ha@anphat.example",)
            database.close()
            told = wait_for(lambda: _mail_to(sink, "ha@anphat.example"), 20, "the owner's mail")
            text = message_from_bytes(told, policy=policy.default).get_body(("plain",))
            assert text is not None
            assert "Nguyễn Thị Mai" in text.get_content()
            assert "Clicked through to the prices" in page.get(f"{page.lead}?tab=score")


def _works_at_any_hour(tmp_path: Path) -> None:
    """Otherwise the owner's mail would wait for the morning, whenever the tests run at night."""
    database = sqlite3.connect(tmp_path / "data" / "nurture.db")
    hours = json.dumps({"days": "mon-sun", "from": "00:00", "to": "23:59"})
    database.execute("UPDATE users SET working_hours = ?", [hours])
    database.commit()
    database.close()


class Salesperson(Visitor):
    """Somebody who sells, at one lead's page."""

    lead = ""


def _called_twice(house: House, database: sqlite3.Connection) -> Salesperson:
    """Two calls have warmed the lead: 45 points of the 70 that are hot."""
    page = Salesperson(house, "ha@anphat.example", PASSWORD)
    public = database.execute("SELECT public_id FROM leads WHERE email = 'mai@example.com'").fetchone()[0]
    page.lead = f"/leads/{public}"
    for outcome in ("interested", "call_back"):
        page.post(f"{page.lead}/record", page=page.lead, kind="call", outcome=outcome, note="muốn xem báo giá")
    warm = "SELECT 1 FROM leads WHERE email = 'mai@example.com' AND engagement = 45 AND temperature = 'warm'"
    wait_for(lambda: database.execute(warm).fetchone(), 5, "the calls count")
    return page


def test_hostile_names_stay_text_on_the_whole_way(tmp_path: Path, definitions: Path) -> None:
    """In by file, out by mail: no name adds a header, runs a template, or becomes markup."""
    rows = [f'"{name}",{email},,,,google,No,0' for email, name in HOSTILE.items()]
    with Sink(Script()) as sink:
        house = _house(tmp_path, definitions, sink)
        house.call("leads", "import", str(_file(tmp_path, rows)), "--consent", "Biểu mẫu trang web, 01/2026")
        house.call("apply", "--yes")
        with house.up():
            wait_for(lambda: len(sink.mails) >= len(HOSTILE), 30, "all mails arrive")
            page = Visitor(house, "ha@anphat.example", PASSWORD).get("/leads")
        assert "<script>alert" not in page
        for raw in sink.mails:
            head = raw.split(b"\r\n\r\n", 1)[0]
            assert b"\r\nBcc" not in head
            assert b"evil.test" not in b"".join(
                line for line in head.split(b"\r\n") if not line.startswith((b"To:", b" ", b"\t", b"Subject:"))
            )
            text = message_from_bytes(raw, policy=policy.default).get_body(("html",))
            assert text is not None
            content = text.get_content()
            assert "<script>alert" not in content
            assert "49" not in re.sub(r"[\w/.+=:-]{30,}", "", content) or "{{ 7*7 }}" in content


def test_the_account_adds_up_over_refusals_and_customers(tmp_path: Path, definitions: Path) -> None:
    """Customers do not enter; who refused email is skipped as unsubscribed; every link leads where the author said."""
    rows = [
        f"Người {n},n{n}@example.com,,,,google,{'Yes' if n % 10 == 0 else 'No'},{int(n % 4 == 0)}" for n in range(200)
    ]
    with Sink(Script()) as sink:
        house = _house(tmp_path, definitions, sink)
        house.call("leads", "import", str(_file(tmp_path, rows)), "--consent", "Biểu mẫu trang web, 01/2026")
        house.call("apply", "--yes")
        with house.up():
            wait_for(lambda: house.json("sends", "--campaign", "trial")["states"]["sent"] >= 140, 60, "all is sent")
            account = house.json("sends", "--campaign", "trial")
            source = (ROOT / "templates_email" / "welcome_series_hello" / "vi" / "body.md").read_text("utf-8")
            for link in _links(sink.mails[0]):
                assert house.redirect(link)[1] in source.replace("&amp;", "&")
    assert account["audience"] == 150  # a quarter are customers
    assert account["states"]["sent"] == 140
    assert account["states"]["skipped"] == 10  # of the 20 who refused, 10 are customers
    assert {one["reason"] for one in account["reasons"]} == {"unsubscribed"}
    assert sum(account["states"].values()) == account["audience"]
