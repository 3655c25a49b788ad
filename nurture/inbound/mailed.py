"""Events of Amazon SES that its notification service sends by mail instead of posting them. Pure.

A mail proves nothing; it is believed as any other bounce is.
"""

import json
from dataclasses import replace
from datetime import datetime

from nurture.inbound.model import Return
from nurture.inbound.parts import Mail
from nurture.inbound.webhooks import ses
from nurture.kernel.signing import KeyRing

MOST = 60_000  # characters of the text
_SIGNS = ('"notificationType"', '"eventType"')


def returns(mail: Mail, ring: KeyRing, received_at: datetime, source: str) -> list[Return]:
    """What the event says, one for each recipient; nothing if this mail is none."""
    for part in mail.texts[:1]:
        text = part.text[:MOST].replace("!\n ", "")  # Sendmail cuts a line of more than 990 in this way
        if any(sign in text for sign in _SIGNS) and (event := _event(text)) is not None:
            return [replace(one, source=source) for one in ses.returns_of(event, ring, received_at)]
    return []


def _event(text: str) -> object:
    """The first object in the text; what stands behind it is advice of Amazon's."""
    try:
        event, _ = json.JSONDecoder(strict=False).raw_decode(text, text.index("{"))
    except (ValueError, RecursionError):
        return None
    inner = event.get("Message") if isinstance(event, dict) else None
    return _event(inner) if isinstance(inner, str) else event
