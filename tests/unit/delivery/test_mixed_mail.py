"""Two hundred mails of every kind, written as a sender writes them: each is sound to the byte, signed, and reads back.

Vietnamese names in both forms of Unicode, hostile fields, links up to the limit, eight languages, both kinds of keys,
files, the owner as the sender, untracked mail, mail to staff, and addresses that need SMTPUTF8.
"""

import re
import unicodedata
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.utils import collapse_rfc2231_value, parseaddr
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from nurture.delivery.dkim import Signer
from nurture.delivery.letter import Letter, Letterhead, Mail, write
from nurture.delivery.presets import PRESETS
from nurture.kernel.signing import new_ring
from nurture.messages import verp
from nurture.messages.compile import compile_email
from nurture.messages.headers import NAME_LIMIT, SUBJECT_LIMIT, cleaned, file_name, wire_address
from nurture.messages.links import LONGEST_TARGET, MessageLinks
from nurture.messages.model import Attachment
from nurture.messages.personalize import Personalizer
from nurture.messages.source import Shared, Source
from nurture.messages.values import message_values
from tests.unit.delivery.raw_mail import faults
from tests.unit.delivery.test_dkim import key
from tests.unit.delivery.verifying import verified

COUNT = 200
RING = new_ring()
KEYS = (key("rsa"), key("ed25519"), key("ed25519", "saomai.example", "only"))
HEAD = Letterhead(RING, "https://m.anphat.example", "bounces@anphat.example", Signer(KEYS))
MARKS = (None, *(PRESETS[name].mark for name in ("postmark", "sendgrid", "mailgun")))
LONG_BASE = "https://m.anphat.example/" + "a" * 700

TEXTS = {
    "vi": "Cảm ơn anh đã ghé lớp học thử. Nước, cữ, ghễnh, Ỷ: dấu nào cũng phải về đủ.",
    "en": "Thank you for coming. A line that is long enough to be folded more than once = 100% of the time, isn't it?",
    "zh": "感谢您来参加试听课。下周二上午九点，我们还有一堂公开课，欢迎带朋友一起来。",
    "ja": "体験レッスンにお越しいただき、ありがとうございました。次回は火曜日の午前九時です。",
    "ar": "شكرًا لحضوركم الدرس التجريبي. \u200fموعدنا القادم يوم الثلاثاء الساعة 9:00.",
    "ru": "Спасибо, что пришли на пробный урок. Следующий — во вторник, в девять утра.",
    "th": "ขอบคุณที่มาเรียนทดลอง พบกันอีกครั้งวันอังคารเวลาเก้าโมงเช้า น้ำใจของคุณมีค่า",
    "hi": "परीक्षण कक्षा में आने के लिए धन्यवाद। अगली कक्षा मंगलवार को सुबह नौ बजे है।",
}
VIETNAMESE = ("Nguyễn Thị Ngọc Ánh", "Trần Đức Thưởng", "Phạm Quỳnh Như Ý", "Lê Hữu Phước", "Đặng Thuỳ Trâm")
HOSTILE = (
    "=?UTF-8?Q?=0D=0ABcc=3A_x@evil.test?=",
    "a\r\nBcc: x@evil.test\r\n\r\n<script>alert(1)</script>",
    "a\nb\rc\x00d\x0be\x0cf\u2028g\u2029h\x85i",
    'O"Brien \\ <a@b.test>, c@d.test; " (x)',
    "Minh 👨‍👩‍👧‍👦👍🏽🇻🇳🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 12,
    "đ" * 10_000,
    "\ud800 lone \udfff",
    "\u202eevil\u2066.txt\ufeff",
    "{{ 7*7 }} {% raw %} ${x} %s",
    ".\n.\n..\nQUIT\r\n.\r\n",
    "--=_boundary\nContent-Type: text/html",
    "x" * 10_000,
    "",
)
NAMES = (*VIETNAMESE, *(unicodedata.normalize("NFD", name) for name in VIETNAMESE), "Minh", *HOSTILE)
FILES = (
    Attachment("Bảng giá – năm 2026.pdf", "application/pdf", bytes(range(256)) * 9),
    Attachment('lịch; học="x"\'.csv', "text/csv; charset=utf-8", b"a,b\r\n.\r\n"),
)
TARGET = "https://anphat.example/lớp?tên={{ lead.city }}&" + "q" * 300
FULL = "https://anphat.example/" + "z" * 1_900 + "?{{ lead.fields.note }}"
NOTE = "y" * (LONGEST_TARGET - 1_924)  # as much as a link takes
LAYOUT = '<html><body>[[body]]<p><a href="{{ unsubscribe_url }}">Từ chối nhận thư</a></p></body></html>'


@cache
def template(language: str, kind: str) -> Personalizer:
    """An email of this language: `html`, `txt` (no HTML at all), or `staff`."""
    text = TEXTS[language]
    subject = f"{{{{ lead.name or 'bạn' }}}}: {text[:40]}" if kind == "html" else text
    if kind == "txt":
        body = f".{text}\n\n.\n{{{{ lead.name or 'bạn' }}}}\n{TARGET}\n{{{{ unsubscribe_url }}}}\n"
    else:
        link = f"<a href=\"{TARGET}\">{text[:9]}</a>\n<a href='{FULL}'>z</a>"
        body = f"<p>{{{{ lead.name or 'bạn' }}}}</p>\n<p>.{text}</p>\n<p>{link}</p>"
    layout = LAYOUT if kind != "staff" else "<html><body>[[body]]</body></html>"
    source = Source("mixed", "vi", subject, text[:30], body, "txt" if kind == "txt" else "html")
    compiled = compile_email(source, Shared({"default.html": layout, "plain.html": layout}))
    return Personalizer(replace(compiled, html="") if kind == "txt" else compiled)


def letters() -> Iterator[tuple[Letter, Personalizer, Letterhead, tuple[Attachment, ...]]]:
    """The set, the same each time."""
    languages = list(TEXTS)
    for number in range(COUNT):
        name = NAMES[number % len(NAMES)]
        kind = "staff" if number % 11 == 5 else "txt" if number % 7 == 3 else "html"
        by_owner, to_staff = number % 5 == 2, kind == "staff"
        from_address = "lan@saomai.example" if number % 4 == 1 else "tin@anphat.example"
        city = name.encode("utf-8", "replace").decode()[:60] or "x"
        lead = SimpleNamespace(name=name, email="minh@x.example", city=city, public_id="k3", fields={"note": NOTE})
        letter = Letter(
            message_id=number + 1,
            fence=1,
            template=1,
            envelope_from="tin@anphat.example",
            from_address=from_address,
            from_name=NAMES[number * 7 % len(NAMES)] if by_owner else "Trung tâm An Phát",
            to_address=("minh@x.example", "minh@bưuđiện.example", "khách.hàng@x.example")[number % 13 % 3],
            to_name=name,
            reply_to=("owner@bưuđiện.example", NAMES[number * 3 % len(NAMES)]) if number % 6 == 1 else ("", ""),
            header_id=f"{number:08x}@anphat.example",
            dated=1_700_000_000_000_000 + number * 86_399_000_000,
            lead_id=0 if to_staff else number + 1,
            address_hash="" if to_staff else RING.address_hash("minh@x.example"),
            tracking=number % 3 != 0 and not to_staff,
            values=message_values(lead, None, None, {"name": "An Phát", "address": "", "email": from_address}),
            label="[QC]" if number % 2 else "",
            feedback="" if to_staff else f"c{number}:advertising:mixed",
        )
        head = replace(HEAD, base_url=LONG_BASE if number % 9 == 4 else HEAD.base_url, mark=MARKS[number % 4])
        yield letter, template(languages[number % 8], kind), head, FILES[: number % 17 % 3]


def test_every_mail_of_a_mixed_set_is_sound_signed_and_reads_back() -> None:
    """As the relay gets it, and after the dots are unstuffed."""
    seen = 0
    for letter, words, head, files in letters():
        mail = write(letter, words, head, files)
        assert isinstance(mail, Mail), (letter.message_id, mail)
        assert faults(mail.data, utf8=mail.envelope.needs_utf8) == [], letter.message_id
        assert verp.read(RING, mail.envelope.sender) == letter.message_id
        plain = re.sub(rb"(?m)^\.", b"", mail.data)
        keys = KEYS[:2] if "anphat" in letter.from_address else KEYS[2:]
        assert verified(plain, *keys) == [True] * len(keys), letter.message_id
        _reads_back(letter, words, head, files, plain)
        seen += 1
    assert seen == COUNT


def _reads_back(
    letter: Letter, words: Personalizer, head: Letterhead, files: tuple[Attachment, ...], plain: bytes
) -> None:
    """As the standard library's parser reads it: subject, names, addresses, both texts, and the files."""
    links = MessageLinks(
        head.ring, head.base_url, letter.message_id, letter.lead_id, letter.address_hash, letter.tracking
    )
    said = words.render(letter.values, links)
    mail = message_from_bytes(plain)
    raw = {name: value.encode("ascii", "surrogateescape").decode() for name, value in mail.raw_items()}
    assert [part.defects for part in mail.walk() if part.defects] == []
    assert mail["Bcc"] is None
    assert _shown(raw["Subject"]) == cleaned(
        f"{letter.label} {said.subject}" if letter.label else said.subject, SUBJECT_LIMIT
    )
    for field, name, address in (
        ("From", letter.from_name, letter.from_address),
        ("To", letter.to_name, letter.to_address),
        ("Reply-To", letter.reply_to[1], letter.reply_to[0]),
    ):
        if address:
            assert _mailbox(raw[field]) == (cleaned(name, NAME_LIMIT), wire_address(address))
    found = [part for part in mail.walk() if part.get_content_disposition() == "attachment"]
    assert [part.get_payload(decode=True) for part in found] == [one.data for one in files]
    assert [collapse_rfc2231_value(part.get_filename()) for part in found] == [file_name(one.name) for one in files]
    texts = [_text(part) for part in mail.walk() if part.get_content_maintype() == "text" and part not in found]
    assert texts == [_normal(one) for one in (said.text, said.html) if one]


def _shown(header: Any) -> str:
    return str(make_header(decode_header(str(header)))).replace("\r\n", "")


def _mailbox(header: str) -> tuple[str, str]:
    unfolded = header.replace("\r\n", "").replace("?= =?", "?==?")
    name, address = parseaddr(unfolded)
    return (name if unfolded.startswith('"') else _shown(name)), address


def _text(part: Any) -> str:
    return str(part.get_payload(decode=True).decode()).replace("\r\n", "\n").rstrip("\n")


def _normal(text: str) -> str:
    """As it travels: ends of lines are LF here, what is no character is a question mark."""
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").encode("utf-8", "replace").decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: a\r\nSubject: "),
        (b"Subject: ", b"X-Odd: a\r\nSubject: "),
        (b"Subject: ", b"Subject: \xc4\x91"),
        (b"Subject: ", b"Subject:"),
        (b"\r\nMessage-ID: ", b"\r\nX"),
        (b"Date: ", b"Date: Mon, "),
        (b"\r\n", b"\n"),
        (b"\r\n", b"\r\n.a\r\n"),
        (b"\r\n\r\n", b"\r\n\r\n" + b"a" * 999 + b"\r\n"),
        (b"/u/", b"/u/\r\n "),
        (b">,\r\n <mailto", b">, <mailto"),
        (b"=?UTF-8?B?", b"=?UTF-8?B?\xc4"),
        (b"=?UTF-8?B?VHJ1", b"=?UTF-8?B?" + b64encode(b"\xc4")),
        (b"=?UTF-8?B?VHJ1", b"=?UTF-8?B?" + b64encode(b"a\nb")),
        (b"<tin@", b"tin@"),
        (b"--=_", b"--=_x"),
    ],
)
def test_an_unsound_mail_is_found_out(old: bytes, new: bytes) -> None:
    """What checks the set can say no."""
    letter, words, head, _ = next(letters())
    mail = write(letter, words, replace(head, signer=Signer()))
    assert isinstance(mail, Mail)
    assert old in mail.data
    assert faults(mail.data) == []
    assert faults(mail.data.replace(old, new, 1)) != []
