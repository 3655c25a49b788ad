"""Which reason a refusal gives: its words first, then its enhanced status, then its reply code. Pure.

The first digit does not decide: a full mailbox, a policy, spam and size are 5xx too, and none of them says that the
address is gone. `HARD` names the reasons that do.
"""

import re

from nurture.delivery.bounce_reason import HARD, BounceReason
from nurture.delivery.bounce_sayings import COMPILED
from nurture.delivery.bounce_statuses import CODES, STATUSES

__all__ = ["HARD", "BounceReason", "reason_of"]

MOST = 2000  # characters of a text that are looked at
_STATUS = re.compile(r"(?<![\w.])[245]\.(\d{1,3})\.(\d{1,3})(?![\w.]*\w)")
_CODE = re.compile(r"(?<![\w.\-])([45]\d\d)(?=[ \-#:]|$)")
# Noise in which words such as "user" and "spam" stand without meaning: addresses in the web and of mail.
_NOISE = re.compile(r"https?://\S+|<?[^\s<>@]+@[^\s<>@]+>?")


def reason_of(*, status: str = "", code: int = 0, text: str = "") -> BounceReason:
    """Why a receiver refused: `status` as in 5.1.1, `code` as in 550, `text` what it said, of one recipient.

    Status and code are found in the text if not given.
    """
    said = " ".join(text[:MOST].casefold().split())
    detail = _detail(status) or _detail(said)
    by_words = _by_words(f"{status} {_NOISE.sub(' @ ', said)}")
    by_status = STATUSES.get(detail)
    if by_words is BounceReason.UNKNOWN or (by_words in _VAGUE and by_status is not None):
        return by_status or CODES.get(code or _code(said)) or by_words
    return by_words


# Words so common that a precise status beats them.
_VAGUE = frozenset({BounceReason.POLICY, BounceReason.SYSTEM})


def _by_words(said: str) -> BounceReason:
    return next((why for why, pattern in COMPILED if pattern.search(said)), BounceReason.UNKNOWN)


def _detail(text: str) -> str:
    """Subject and detail of the first enhanced status that says more than "other"."""
    found = _STATUS.findall(text)
    return next((f"{subject}.{detail}" for subject, detail in found if f"{subject}.{detail}" in STATUSES), "")


def _code(text: str) -> int:
    found = _CODE.search(text)
    return int(found[1]) if found else 0
