"""A letter becomes a mail, or the report why not; nothing of it can harm the line."""

import json
import re
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nurture.delivery.classify import classify
from nurture.delivery.conversation import stuffed
from nurture.delivery.dkim import DkimKey, Signer
from nurture.delivery.letter import Letter, Letterhead, Mail, rehearse, write
from nurture.delivery.model import Mark, Phase, Report
from nurture.delivery.presets import PRESETS
from nurture.inbound.webhooks._post import OURS
from nurture.kernel.reasons import Reason
from nurture.kernel.signing import new_ring
from nurture.messages import verp
from nurture.messages.links import read_unsubscribe
from nurture.messages.model import Attachment, Compiled, MessageState
from nurture.messages.personalize import Personalizer
from tests.unit.delivery.verifying import verified

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
    values = {"lead": {"name": "=?UTF-8?Q?=0A?=Bcc: x@evil.test\r\nBcc: y@evil.test", "company": "{{ 7000*7001 }}"}}
    mail = _write(replace(LETTER, values=values, to_name=values["lead"]["name"]))
    assert isinstance(mail, Mail)
    head = mail.data.partition(b"\r\n\r\n")[0]
    assert not [line for line in head.split(b"\r\n") if line.lower().startswith(b"bcc")]
    assert b"49007000" not in mail.data.partition(b"text/plain")[2].partition(b"--=_")[0]


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


BOUNCING = replace(HEAD, bounce_address="bounces@anphat.example")


def test_bounces_name_their_message() -> None:
    """The envelope's sender is the return path; From stays what it is."""
    mail = write(LETTER, Personalizer(COMPILED), BOUNCING)
    assert isinstance(mail, Mail)
    assert mail.envelope.sender.startswith("bounces+")
    assert verp.read(RING, mail.envelope.sender) == 7
    assert b"From: =?UTF-8?B?" in mail.data
    assert mail.envelope.sender.encode() not in mail.data
    plain = _write(LETTER)
    assert isinstance(plain, Mail)
    assert plain.envelope.sender == "tin@anphat.example"


def test_a_lead_can_say_no_by_mail_with_the_token_of_its_link() -> None:
    """Second, where bounces come back; staff have nothing to say no to."""
    mail = write(LETTER, Personalizer(COMPILED), BOUNCING)
    assert isinstance(mail, Mail)
    found = re.search(rb"List-Unsubscribe: <https://nurture.example/u/(\S+)>,\r\n <(mailto:\S+)>\r\n", mail.data)
    assert found is not None
    assert found[2] == b"mailto:bounces@anphat.example?subject=unsubscribe%20" + found[1]
    refusal = read_unsubscribe(RING, found[1].decode())
    assert refusal is not None
    assert refusal.message_id == 7
    to_staff = replace(COMPILED, html="<p>x</p>", text="x", subject="x")
    staff = write(replace(LETTER, lead_id=0, address_hash=""), Personalizer(to_staff), BOUNCING)
    assert isinstance(staff, Mail)
    assert b"List-Unsubscribe" not in staff.data
    assert b"Auto-Submitted: auto-generated\r\n" in staff.data


def test_complaints_are_counted_by_what_sent_the_mail() -> None:
    """Nothing of the person; the last field is the installation's, the same on each mail."""
    mail = _write(replace(LETTER, feedback="c12:advertising:hello"))
    assert isinstance(mail, Mail)
    assert f"Feedback-ID: c12:advertising:hello:n{RING.epoch.hex()}\r\n".encode() in mail.data
    unnamed = _write(LETTER)
    assert isinstance(unnamed, Mail)
    assert b"Feedback-ID" not in unnamed.data


def test_a_mail_is_signed_before_its_dots_are_stuffed() -> None:
    """By the keys of the sender's domain, whatever letters it is written in; a retry is the same mail."""
    key = DkimKey("xn--buin-1ua66gr30m.example", "s1", Ed25519PrivateKey.generate())
    head = replace(HEAD, signer=Signer([key]))
    odd = {"lead": {"name": "Minh\n.", "company": "Sao Mai"}}  # a value of two lines: all is encoded as a whole
    letter = replace(LETTER, from_address="tin@bưuđiện.example", values=odd)
    text = ".one\n..two\n{{ lead.name }}\n{{ unsubscribe_url }}"
    mail = write(letter, Personalizer(replace(COMPILED, html="", text=text)), head)
    assert isinstance(mail, Mail)
    assert b"\r\n..one\r\n...two\r\n" in mail.data
    assert verified(mail.data.replace(b"\r\n..", b"\r\n."), key) == [True]
    assert mail.envelope.size == len(mail.data)
    assert b"; t=1762000000;" in mail.data
    first, second = (write(replace(letter, fence=n), Personalizer(COMPILED), head) for n in (2, 3))
    assert isinstance(first, Mail)
    assert isinstance(second, Mail)
    assert first.data == second.data


def test_a_mail_of_known_words_has_no_dots_to_stuff() -> None:
    """They are encoded where they would begin a line; a receiver reads them, and the signature holds."""
    key = DkimKey("anphat.example", "s1", Ed25519PrivateKey.generate())
    mail = write(LETTER, Personalizer(COMPILED), replace(HEAD, signer=Signer([key])))
    assert isinstance(mail, Mail)
    assert b"\r\n." not in mail.data
    assert verified(mail.data, key) == [True]
    text = message_from_bytes(mail.data, policy=policy.default).get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith(".một dòng\r\n")


def test_files_go_with_a_letter() -> None:
    """As the template has them; one that cannot be written is a report."""
    file = Attachment("Bảng giá.pdf", "application/pdf", b"%PDF")
    mail = write(LETTER, Personalizer(COMPILED), HEAD, [file])
    assert isinstance(mail, Mail)
    (found,) = message_from_bytes(mail.data, policy=policy.default).iter_attachments()  # type: ignore[attr-defined]
    assert (found.get_filename(), found.get_content()) == ("Bảng giá.pdf", b"%PDF")
    odd = [replace(file, media_type="x")]
    report = write(LETTER, Personalizer(COMPILED), HEAD, odd)
    assert isinstance(report, Report)
    assert rehearse(LETTER, Personalizer(COMPILED), HEAD, odd) == report


def _field(mail: Mail, name: str) -> str:
    """A header as it is read: unfolded."""
    return str(message_from_bytes(mail.data)[name]).replace("\r\n", "")


@pytest.mark.parametrize("header_id", ["abc@anphat.example", f"{'a' * 40}@{'b' * 22}.anphat.example"])
def test_a_provider_that_keeps_our_message_id_to_itself_is_given_it_to_hand_back(header_id: str) -> None:
    """Under the name by which its webhook is read, folded or not."""
    letter = replace(LETTER, header_id=header_id)
    found = {}
    for name in ("postmark", "sendgrid", "mailgun"):
        mark = PRESETS[name].mark
        assert mark is not None
        mail = write(letter, Personalizer(COMPILED), replace(HEAD, mark=Mark(*mark.packed())))
        assert isinstance(mail, Mail)
        _, _, lines = mail.data.partition(b"\r\nX-")
        assert max(map(len, lines.partition(b"\r\nContent")[0].split(b"\r\n"))) < 100
        found[name] = _field(mail, mark.header)
    assert found["postmark"] == header_id
    assert json.loads(found["sendgrid"]) == {"unique_args": {OURS: header_id}}
    assert json.loads(found["mailgun"]) == {OURS: header_id}
    assert PRESETS["postmark"].mark == Mark(f"X-PM-Metadata-{OURS}", "%s", 80)


def test_what_a_provider_would_not_take_is_left_out() -> None:
    """The mail goes all the same, and is found again by its address."""
    letter = replace(LETTER, header_id=f"{'a' * 60}@{'b' * 30}.example")
    mail = write(letter, Personalizer(COMPILED), replace(HEAD, mark=PRESETS["postmark"].mark))
    assert isinstance(mail, Mail)
    assert b"X-PM-Metadata" not in mail.data
    plain = _write(LETTER)
    assert isinstance(plain, Mail)
    assert b"\r\nX-" not in plain.data
