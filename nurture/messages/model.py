"""States of a delivery, and classes of messages."""

from enum import StrEnum


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
    ACCOUNT = "account"  # to staff: invitations, password resets


# Which states count against a cap: what went, or may have gone.
COUNTED = (MessageState.SENDING, MessageState.SENT, MessageState.UNKNOWN)
# Which states are final for the enrollment that waits for the message.
ENDED = (
    MessageState.SENT, MessageState.BOUNCED, MessageState.REJECTED,
    MessageState.SKIPPED, MessageState.CANCELED, MessageState.UNKNOWN,
)  # fmt: skip
