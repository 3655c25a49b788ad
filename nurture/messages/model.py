"""States of a delivery, classes of messages, and what a compiled email and a new message are: values, no I/O."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

UNSUBSCRIBE = "unsubscribe_url"  # what an email reads that gives its lead a way out
# What any email may ask for with a fallback, and some messages bring: why one gets it, when a refusal was made, where a
# yes is given and to which words.
BROUGHT = ("reason_line", "refused_at", "agree_url", "wording")


class MessageState(StrEnum):
    """Where a message stands; it is in exactly one. They add up to the audience."""

    QUEUED = "queued"  # written, not yet handed to a sender's conversation
    SENDING = "sending"  # in a conversation with the relay
    SENT = "sent"  # the relay took it
    DEFERRED = "deferred"  # try later
    BOUNCED = "bounced"  # the receiver refused the address; may replace sent
    REJECTED = "rejected"  # refused or expired; the lead is not blamed
    SKIPPED = "skipped"  # we chose not to, with a reason
    CANCELED = "canceled"  # taken back before it went
    UNKNOWN = "unknown"  # the answer after the final dot never came; a person resolves it


class MessageClass(StrEnum):
    """What a message is in the eyes of the law and of the engine's silence."""

    ADVERTISING = "advertising"  # needs consent, held while a deal is open
    CARE = "care"  # service to a customer or during a deal
    DEAL = "deal"  # part of an open opportunity
    TRANSACTIONAL = "transactional"  # answers something the person did; to staff too


class Purposes(StrEnum):
    """What a message was written for."""

    CAMPAIGN = "campaign"
    BROADCAST = "broadcast"
    ALERT = "alert"  # to staff: hot leads, digests, notify_owner
    NOTICE = "notice"  # to a lead, about their own choice; goes though they refused everything
    ASK = "ask"  # to a lead: the one mail that asks them to agree
    ACCOUNT = "account"  # to staff: invitations, password resets
    TEST = "test"  # to staff: an email as a lead would get it


# Which states count against a cap: what went, or may have gone.
COUNTED = (MessageState.SENDING, MessageState.SENT, MessageState.UNKNOWN)
# Which states are final for the enrollment that waits for the message.
ENDED = (
    MessageState.SENT, MessageState.BOUNCED, MessageState.REJECTED,
    MessageState.SKIPPED, MessageState.CANCELED, MessageState.UNKNOWN,
)  # fmt: skip


def content_hash(data: bytes) -> str:
    """The name under which bytes are kept: the first 128 bits of their SHA-256, as hex."""
    return hashlib.sha256(data).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of an email, without its bytes, which are kept under `hash`."""

    name: str
    media_type: str
    hash: str
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Compiled:
    """One email in one language, ready for personalizing; plain text and lists, so that it can be stored as JSON.

    `subject` and `text` are Jinja without escaping, `html` with. `links` holds every tracked link by position: the
    target as the author wrote it, entities decoded; one with Jinja inside is rendered for each lead.
    `reads` names what the email asks of a lead or owner (`lead.company`, `unsubscribe_url`). `assets` are the images it
    shows that we serve, `attachments` the files that go with it: their bytes are kept apart, by hash.
    """

    key: str
    language: str
    subject: str
    preheader: str
    html: str
    text: str
    links: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    hash: str = ""
    assets: tuple[FileRef, ...] = ()
    attachments: tuple[FileRef, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        files = {name: [asdict(one) for one in getattr(self, name)] for name in ("assets", "attachments")}
        return {**asdict(self), "links": list(self.links), "reads": list(self.reads), **files}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Compiled":
        """What `to_json` gave, of this version or another."""
        files = {name: tuple(FileRef(**one) for one in data.get(name, ())) for name in ("assets", "attachments")}
        own = {name: value for name, value in data.items() if name in cls.__slots__}
        return cls(**{**own, "links": tuple(data["links"]), "reads": tuple(data["reads"]), **files})

    @property
    def can_unsubscribe(self) -> bool:
        """Whether the lead finds a way out in it; advertising must."""
        return UNSUBSCRIBE in self.reads


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a mail. `media_type` in lower case: `application/pdf`, `text/csv; charset=utf-8`."""

    name: str  # as the recipient sees it
    media_type: str
    data: bytes

    @property
    def ref(self) -> FileRef:
        """The file without its bytes."""
        return FileRef(self.name, self.media_type, content_hash(self.data), len(self.data))


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message about to be written. One of (enrollment, step, occurrence), (broadcast, lead), unique_key names it.

    A message that may not go is written too: state `skipped`, its reason, and the reason's parameters in `detail`.
    """

    purpose: Purposes
    template_key: str
    language: str
    class_: MessageClass
    planned_at: datetime  # engine time
    lead_id: int | None = None
    user_id: int | None = None  # to staff; such a message is kept without its lead
    campaign_id: int | None = None
    enrollment_id: int | None = None
    revision_id: int | None = None  # campaign revision
    step: str | None = None
    occurrence: int | None = None
    broadcast_id: int | None = None
    unique_key: str | None = None
    not_before: datetime | None = None  # engine time; planned_at when None
    sender: str = "house"  # house | owner
    values: Mapping[str, Any] | None = None  # set for staff mail, whose values are known when it is written
    address: str | None = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    state: MessageState = MessageState.QUEUED
    reason: str = ""
    detail: Mapping[str, Any] | None = None
    priority: int = 5  # 1 first
    template_revision_id: int | None = None  # set where the text must not change any more

    def key(self) -> str:
        """What makes it one message and no other; ValueError when nothing does."""
        if self.unique_key is not None:
            return self.unique_key
        if self.enrollment_id is not None and self.step is not None and self.occurrence is not None:
            return f"enrollment:{self.enrollment_id}/{self.step}/{self.occurrence}"
        if self.broadcast_id is not None and self.lead_id is not None:
            return f"broadcast:{self.broadcast_id}/{self.lead_id}"
        raise ValueError("a message needs (enrollment, step, occurrence), (broadcast, lead) or a unique key")


def choose_language(wished: Sequence[str | None], available: Sequence[str]) -> str | None:
    """The first wished language that there is (the lead's, the campaign's, the installation's), else any, else None."""
    for language in wished:
        if language and language in available:
            return language
    return min(available, default=None)
