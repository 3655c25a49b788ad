"""Which reason a refusal gives: its words first, then its enhanced status, then its reply code. Pure.

The first digit does not decide: a full mailbox, a policy, spam and size are 5xx too, and none of them says that the
address is gone. `HARD` names the reasons that do.
"""

import re

from nurture.delivery.bounce_reason import HARD, BounceReason
from nurture.delivery.bounce_sayings import compiled
from nurture.delivery.bounce_statuses import CODES, STATUSES

__all__ = ["HARD", "BounceReason", "reason_of", "said_late"]

MOST = 2000  # characters of a text that are looked at
_STATUS = re.compile(r"(?<![\w.])[245]\.(\d{1,3})\.(\d{1,3})(?![\w.]*\w)")
_CODE = re.compile(r"(?<![\w.\-])([45]\d\d)(?=[ \-#:]|$)")
# Words such as "user" and "spam" stand without meaning in addresses; Cisco's gateways write their own label before
# what the receiver said.
_NOISE = re.compile(
    r"https?://\S+|<?[^\s<>@]+@[^\s<>@]+>?|\b5\.\d\.\d - (?:unknown address error|other \w+ \w+ problem)"
)
# What is said to MAIL is about us; what is said to DATA and after the dot was said with the mail in hand. A mailer that
# sends its commands at once shows DATA before the answers to RCPT; "need RCPT" tells.
_AT_MAIL = re.compile(r"(?:after|in reply to|in response to|response to|command:) mail from|>>> mail from")
_AT_DATA = re.compile(
    r"end of data\b|\bdata (?:command|phase|block)|>>> data\b(?!.{0,600}need rcpt)|smtp command data\b"
    r"|(?:after|to|during|while|sending) (?:the )?(?:pipelined )?(?:sending )?data\b|transfer of mail text"
    r"|after i sent the message|message (?:body|content) (?:was )?(?:sent|transmitted)"
)
_SURE = re.compile(r"doesn't have an? \S+ account")  # Yahoo says so after the dot
_GONE = frozenset({BounceReason.NO_SUCH_USER, BounceReason.NO_SUCH_DOMAIN})
_TAKES_NO_MAIL = frozenset({521, 556})  # RFC 7504


def reason_of(*, status: str = "", code: int = 0, text: str = "") -> BounceReason:
    """Why a receiver refused: `status` as in 5.1.1, `code` as in 550, `text` what it said, of one recipient.

    Status and code are found in the text if not given.
    """
    said = " ".join(text[:MOST].casefold().split())
    detail = _detail(status) or _detail(said)
    code = code or _code(said)
    words = " ".join(_NOISE.sub(" @ ", f"{status} {said}").split())
    found = _found(words, STATUSES.get(detail), code)
    if found in _GONE:
        return _where_said(found, said, detail, temporary=status.startswith("4") or 400 <= code < 500)
    return found


def _found(said: str, by_status: BounceReason | None, code: int) -> BounceReason:
    why, vague = next(
        ((saying.why, saying.vague) for saying, pattern in compiled() if pattern.search(said)),
        (BounceReason.UNKNOWN, True),
    )
    if not vague:
        return why
    if code in _TAKES_NO_MAIL:
        return BounceReason.NO_SUCH_DOMAIN
    return by_status or (CODES.get(code, why) if why is BounceReason.UNKNOWN else why)


def _where_said(found: BounceReason, said: str, detail: str, *, temporary: bool) -> BounceReason:
    """An address is gone only if that was said of the address: to RCPT, or with its status."""
    if _AT_MAIL.search(said):
        return BounceReason.SENDER
    if found is BounceReason.NO_SUCH_DOMAIN:
        return BounceReason.ROUTING if temporary else found
    late = not detail.startswith("1.") and not _SURE.search(said) and said_late(said)
    return BounceReason.POLICY if late else found


def said_late(text: str) -> bool:
    """This was said to DATA or after the dot, with the mail in hand: "no such user" is an excuse then."""
    return _AT_DATA.search(" ".join(text.casefold().replace("-", " ").split())) is not None


def _detail(text: str) -> str:
    """Subject and detail of the first enhanced status that says more than "other"."""
    found = _STATUS.findall(text)
    return next((f"{subject}.{detail}" for subject, detail in found if f"{subject}.{detail}" in STATUSES), "")


def _code(text: str) -> int:
    found = _CODE.search(text)
    return int(found[1]) if found else 0
