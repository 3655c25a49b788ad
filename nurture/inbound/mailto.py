"""Unsubscribing by mail: the token in what a mail program sends for `List-Unsubscribe: <mailto:…>`. Pure.

The subject is `unsubscribe <token>`, the token that of the unsubscribe link, so that it is heard when message and lead
are gone.
"""

import re

from nurture.inbound.model import Return, What
from nurture.kernel.signing import KeyRing
from nurture.messages import links

_SUBJECT = re.compile(
    r"\s*(?:(?:re|tr|fwd?)\s*:\s*)*unsubscribe[\s:<]+([\w\s-]{40,400}?)>?\s*", re.IGNORECASE | re.ASCII
)


def read(ring: KeyRing, one: Return) -> links.Refusal | None:
    """What the token says, or None when there is none of ours. Blanks that a mail program put into it do not matter."""
    if one.what not in {What.UNSUBSCRIBED, What.REPLIED}:
        return None
    found = _SUBJECT.fullmatch(one.subject)
    return links.read_unsubscribe(ring, "".join(found[1].split())) if found else None
