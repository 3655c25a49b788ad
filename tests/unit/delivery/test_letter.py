"""A letter becomes a mail, or the report why not; nothing of it can harm the line."""

from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest

from nurture.delivery.classify import classify
from nurture.delivery.conversation import stuffed
from nurture.delivery.letter import Letter, Letterhead, Mail, rehearse, write
from nurture.delivery.model import Phase, Report
from nurture.kernel.reasons import Reason
from nurture.kernel.signing import new_ring
from nurture.messages.model import Compiled, MessageState
from nurture.messages.personalize import Personalizer

RING = new_ring()
HEAD = Letterhead(RING, "https://nurture.example")
COMPILED = Compiled(
    key="hello",
    language="vi",
    subject="Chào {{ lead.name }}",
    preheader="",
    html="<p>{{ lead.name }}</p><a href='{{ unsubscribe_url }}'>hủy</a>",
    text=".một dòng\n{{ lead.company }}\n{{ unsubscribe_url }}",
    reads=("lead",),
)
LETTER = Letter(
    message_id=7,
    fence=2,
    template=1,
    envelope_from="tin@anphat.example",
    from_address="tin@anphat.example",
    from_name="An Phát",
    to_address="minh@example.com",
    to_name="Minh",
    reply_to=("", ""),
    header_id="abc@anphat.example",
    dated=1_762_000_000_000_000,
    lead_id=5,
    address_hash="0" * 40,
    tracking=True,
    values={"lead": {"name": "Minh", "company": "Sao Mai"}},
)


def _write(letter: Letter) -> Mail | Report:
    return write(letter, Personalizer(COMPILED), HEAD)


def test_a_letter_survives_the_pipe() -> None:
    """Packed and unpacked it is the same."""
    assert replace(Letter.unpacked(LETTER.packed()), reply_to=("", "")) == LETTER


def test_a_letter_that_can_be_written_is_not_refused_in_a_rehearsal() -> None:
    """Its words are made, its bytes are not."""
    assert rehearse(LETTER, Personalizer(COMPILED), HEAD) is None


def test_the_same_letter_gives_the_same_bytes() -> None:
    """A retry is the mail that went before, its date and id included."""
    first, second = _write(LETTER), _write(replace(LETTER, fence=3))
    assert isinstance(first, Mail)
    assert isinstance(second, Mail)
    assert first.data == second.data
    assert b"Message-ID: <abc@anphat.example>" in first.data
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in first.data


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"values": {"lead": {"name": "Minh", "company": ""}}}, Reason.MISSING_FIELD),
        ({"values": {"lead": {"name": "Minh"}}}, Reason.TEMPLATE_ERROR),
        ({"values": {}}, Reason.TEMPLATE_ERROR),
        ({"to_address": "a@b.example>\r\nRCPT TO:<x@evil.test"}, Reason.NO_ADDRESS),
        ({"to_address": "khách hàng@example.com"}, Reason.NO_ADDRESS),
        ({"header_id": "x>\r\nBcc: y"}, Reason.TEMPLATE_ERROR),
    ],
    ids=["missing", "no such field", "no values", "injection", "blank", "header id"],
)
def test_a_letter_that_cannot_be_written_is_reported(change: dict[str, Any], reason: Reason) -> None:
    """It never reaches the line."""
    report = _write(replace(LETTER, **change))
    assert isinstance(report, Report)
    assert (report.phase, report.reason, report.message_id) == (Phase.RENDER, reason.value, 7)
    assert rehearse(replace(LETTER, **change), Personalizer(COMPILED), HEAD) == report


@pytest.mark.parametrize(
    ("address", "recipient", "needs_utf8"),
    [
        ("minh@example.com", "minh@example.com", False),
        ("minh@bưuđiện.example", "minh@xn--buin-1ua66gr30m.example", False),
        ("huu.ðat.ly@example.net", "huu.ðat.ly@example.net", True),
        ("khách@bưuđiện.example", "khách@xn--buin-1ua66gr30m.example", True),
    ],
)
def test_only_a_local_part_in_other_letters_needs_smtputf8(address: str, recipient: str, needs_utf8: bool) -> None:
    """A domain always has an ASCII form; the To header says what the envelope says, all else stays ASCII."""
    mail = _write(replace(LETTER, to_address=address))
    assert isinstance(mail, Mail)
    assert (mail.envelope.recipient, mail.envelope.needs_utf8) == (recipient, needs_utf8)
    assert f"To: Minh <{recipient}>\r\n".encode() in mail.data
    assert mail.data.replace(recipient.encode(), b"").isascii()


def test_where_such_an_address_is_not_taken_the_report_says_which() -> None:
    """Rejected, for a reason of its own."""
    mail = _write(replace(LETTER, to_address="khách@example.com"))
    assert isinstance(mail, Mail)
    verdict = classify(mail.untakable)
    assert (verdict.state, verdict.reason) == (MessageState.REJECTED, Reason.NEEDS_SMTPUTF8)
    assert verdict.detail == {"address": "khách@example.com"}
    assert verdict.trouble is None
    assert not verdict.suppress


def test_a_hostile_name_stays_text() -> None:
    """No header comes of it."""
    values = {"lead": {"name": "=?UTF-8?Q?=0A?=Bcc: x@evil.test\r\nBcc: y@evil.test", "company": "{{ 7*7 }}"}}
    mail = _write(replace(LETTER, values=values, to_name=values["lead"]["name"]))
    assert isinstance(mail, Mail)
    head = mail.data.partition(b"\r\n\r\n")[0]
    assert not [line for line in head.split(b"\r\n") if line.lower().startswith(b"bcc")]
    assert b"49" not in mail.data.partition(b"text/plain")[2].partition(b"--=_")[0]


@pytest.mark.parametrize(
    ("plain", "travels"),
    [
        (b"a\r\n.b\r\n", b"a\r\n..b\r\n"),
        (b".a\r\n", b"..a\r\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n"),
        (b"a", b"a\r\n"),
    ],
)
def test_dots_are_stuffed(plain: bytes, travels: bytes) -> None:
    """No line of a body is the final dot."""
    assert stuffed(plain) == travels


def test_a_label_stands_first_in_the_subject() -> None:
    """What the law asks for comes before the author's words."""
    written = _write(replace(LETTER, label="[QC]"))
    assert isinstance(written, Mail)
    subject = message_from_bytes(written.data, policy=policy.default)["Subject"]
    assert str(subject) == "[QC] Chào Minh"
