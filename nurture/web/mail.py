"""A mail's bytes taken apart for showing: headers that matter, HTML, text, source. Whatever it looks like. Pure."""

import contextlib
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message

SHOWN = ("From", "To", "Subject", "Date", "List-Unsubscribe", "Message-ID")
_LONGEST_HEADER = 1_000
_LONGEST_SOURCE = 300_000
_UNREADABLE = (
    MessageError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    RecursionError,
)  # what the parser raises at odd mail


@dataclass(frozen=True, slots=True)
class Shown:
    """What a reader of the mailbox sees of one mail."""

    headers: tuple[tuple[str, str], ...]
    html: str
    text: str
    source: str

    def header(self, name: str) -> str:
        """The first header of this name, or nothing."""
        return next((value for key, value in self.headers if key == name), "")


def read(raw: bytes) -> Shown:
    """The mail taken apart; parts that cannot be read are empty."""
    source = raw[:_LONGEST_SOURCE].decode("utf-8", "replace").replace("\r\n", "\n")
    try:
        plain = message_from_bytes(raw, policy=policy.compat32)
        rich = message_from_bytes(raw, policy=policy.default)
    except RecursionError:  # parts within parts within parts
        return Shown((), "", "", source)
    headers = tuple((name, _header(plain, name)) for name in SHOWN if plain.get(name) is not None)
    return Shown(headers, _part(rich, "html"), _part(rich, "plain"), source)


def _header(mail: Message, name: str) -> str:
    text = str(mail.get(name, ""))
    with contextlib.suppress(*_UNREADABLE):  # a header that says nothing usable is shown as it is
        text = str(make_header(decode_header(text)))
    return " ".join(text.encode("utf-8", "replace").decode("utf-8").split())[:_LONGEST_HEADER]


def _part(mail: EmailMessage, kind: str) -> str:
    with contextlib.suppress(*_UNREADABLE):  # unknown charsets, broken encodings: there is nothing to show
        body = mail.get_body((kind,))
        return str(body.get_content()).encode("utf-8", "replace").decode("utf-8") if body is not None else ""
    return ""
