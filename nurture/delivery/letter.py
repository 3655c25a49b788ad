"""A letter: all that a sender needs to know about one message, and the mail it makes of it. Pure.

Imported by sender processes: no web, no database, no compiler.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nurture.delivery.conversation import Envelope, stuffed
from nurture.delivery.dkim import Signer
from nurture.delivery.model import Mark, Phase, Report
from nurture.kernel.reasons import Reason
from nurture.kernel.signing import KeyRing
from nurture.messages import mime, verp
from nurture.messages.headers import ascii_address, wire_address
from nurture.messages.links import MessageLinks
from nurture.messages.model import Attachment
from nurture.messages.personalize import MissingField, Personalizer

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that is to go. `dated` is microseconds since 1970; the two addresses are not yet checked."""

    message_id: int
    fence: int
    template: int  # template revision
    envelope_from: str
    from_address: str
    from_name: str
    to_address: str
    to_name: str
    reply_to: tuple[str, str]  # address and name, or two empty texts
    header_id: str
    dated: int
    lead_id: int  # 0: to staff
    address_hash: str  # empty: nothing to unsubscribe from
    tracking: bool
    values: Mapping[str, Any]
    label: str = ""  # stands before the subject
    feedback: str = ""  # by what receivers count complaints: what sent it, its class, its text; nothing of the person

    def packed(self) -> list[Any]:
        """The letter as plain data for the pipe."""
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def unpacked(cls, data: list[Any]) -> "Letter":
        """The letter out of the pipe."""
        return cls(*data)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all letters of a house have in common."""

    ring: KeyRing
    base_url: str  # without a slash at the end
    bounce_address: str = ""  # empty: bounces go where the letter says
    signer: Signer = field(default_factory=Signer)
    mark: Mark | None = None  # what the relay's provider gives back


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter written out, ready for the line."""

    letter: Letter
    envelope: Envelope
    data: bytes

    @property
    def untakable(self) -> Report:
        """What is said of it where the relay takes no address such as its recipient's."""
        return failed(self.letter, Reason.NEEDS_SMTPUTF8, {"address": self.letter.to_address})


def write(
    letter: Letter, personalizer: Personalizer, head: Letterhead, attachments: Sequence[Attachment] = ()
) -> Mail | Report:
    """The mail, signed and its dots stuffed; or the report why there is none."""
    links = _links(letter, head)
    recipient = _recipient(letter)
    if isinstance(recipient, Report):
        return recipient
    try:
        drawn = personalizer.draw(letter.values, links)
        headers = _headers(letter, drawn.refusal, head)
        written = mime.compose(headers, _subject(letter, drawn.subject), drawn, attachments)
        domain = ascii_address(letter.from_address).rpartition("@")[2]
        header = written.head
        at = letter.dated // 1_000_000
        signed = head.signer.signatures(header, written.body, domain, at, firm=written.firm)
        data = b"".join([*signed, header, b"\r\n", *written.body])
        if not written.firm:
            data = stuffed(data)
        return Mail(letter, Envelope(_return_path(letter, head), recipient, len(data)), data)
    except Exception as error:  # noqa: BLE001 - one odd letter changes nothing for the others
        return _unwritten(letter, error)


def rehearse(
    letter: Letter, personalizer: Personalizer, head: Letterhead, attachments: Sequence[Attachment] = ()
) -> Report | None:
    """The report why `write` would give no mail; None when it would. The bytes are not made."""
    links = _links(letter, head)
    recipient = _recipient(letter)
    if isinstance(recipient, Report):
        return recipient
    try:
        rendered = personalizer.render(letter.values, links)
        rendered = replace(rendered, subject=_subject(letter, rendered.subject))
        mime.check(_headers(letter, links.unsubscribe(), head), rendered, attachments)
    except Exception as error:  # noqa: BLE001 - as there
        return _unwritten(letter, error)
    return None


def _links(letter: Letter, head: Letterhead) -> MessageLinks:
    hash_, tracking = letter.address_hash, letter.tracking
    return MessageLinks(head.ring, head.base_url, letter.message_id, letter.lead_id, hash_, tracking)


def _return_path(letter: Letter, head: Letterhead) -> str:
    if not head.bounce_address:
        return letter.envelope_from
    return verp.return_path(head.ring, head.bounce_address, letter.message_id)


def _refusal_by_mail(url: str, head: Letterhead) -> str:
    """Where a mail program that knows no https says no for its reader: the token of the link as the subject."""
    if not url or not head.bounce_address:
        return ""
    return f"mailto:{head.bounce_address}?subject=unsubscribe%20{url.rpartition('/')[2]}"


def _recipient(letter: Letter) -> str | Report:
    try:
        return wire_address(letter.to_address)
    except ValueError as error:
        return failed(letter, Reason.NO_ADDRESS, {"error": str(error)})


def _subject(letter: Letter, subject: str) -> str:
    return f"{letter.label} {subject}" if letter.label and not subject.startswith(letter.label) else subject


def _unwritten(letter: Letter, error: Exception) -> Report:
    if isinstance(error, MissingField):
        return failed(letter, Reason.MISSING_FIELD, {"field": str(error)})
    return failed(letter, Reason.TEMPLATE_ERROR, {"error": (str(error) or type(error).__name__)[:300]})


def _headers(letter: Letter, refusal: str, head: Letterhead) -> mime.Envelope:
    return mime.Envelope(
        from_address=letter.from_address,
        from_name=letter.from_name,
        to_address=letter.to_address,
        to_name=letter.to_name,
        header_id=letter.header_id,
        date=_EPOCH + timedelta(microseconds=letter.dated),
        reply_to_address=letter.reply_to[0],
        reply_to_name=letter.reply_to[1],
        unsubscribe_url=refusal,
        unsubscribe_mailto=_refusal_by_mail(refusal, head),
        feedback_id=f"{letter.feedback}:n{head.ring.epoch.hex()}" if letter.feedback else "",
        automatic=not letter.lead_id,
        mark=head.mark.of(letter.header_id) if head.mark is not None else None,
    )


def failed(letter: Letter, reason: Reason, detail: Mapping[str, Any]) -> Report:
    """The report that no mail could be made of a letter."""
    return Report(letter.message_id, letter.fence, Phase.RENDER, reason=reason.value, detail=detail)
