"""Why a lead is not to be sent text messages, in the words of that channel. Pure."""

from collections.abc import Mapping
from typing import Any

from nurture.consents.model import Standing
from nurture.kernel.reasons import Reason

_WORDS = {
    Reason.NO_ADDRESS: Reason.NO_PHONE,
    Reason.UNSUBSCRIBED: Reason.SMS_REFUSED,
    Reason.COMPLAINED: Reason.SMS_REFUSED,
    Reason.SUPPRESSED: Reason.SMS_SUPPRESSED,
    Reason.BOUNCED: Reason.SMS_SUPPRESSED,
}


def sms_refusal(standing: Standing, message_class: str, topic: str = "") -> tuple[Reason, Mapping[str, Any]] | None:
    """Why a text message of this class must not go; `standing` is that of the channel sms."""
    found = standing.refusal(message_class, topic)
    if found is None:
        return None
    reason, detail = found
    return _WORDS.get(reason, reason), detail
