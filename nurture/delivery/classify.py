"""What each failure means, by the phase in which it happened (RFC 5321, RFC 3463). Pure.

The first digit does not decide alone: a full mailbox, a policy and a spam verdict are 5xx too, and none of them says
that the address does not exist.
"""

import re
from typing import assert_never

from nurture.delivery.model import Phase, Report, RouteTrouble, Verdict
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState as State

_STATUS = re.compile(r"(?<![\w.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\w)")
_WAIT = re.compile(
    r"\b(?:in|after|wait)\s+(?:for\s+)?(\d{1,5})\s*(s|sec|second|seconds|m|min|minute|minutes)?\b", re.IGNORECASE
)
# Words that tell about us, our mail or the box, not about whether the address exists.
_NOT_THE_ADDRESS = re.compile(
    r"spam|policy|block|blacklist|denied|reputation|quota|full|too large|too big|rate|limit|spf|dkim|dmarc|listed"
    r"|temporar",
    re.IGNORECASE,
)
_NO_SUCH_USER = re.compile(
    r"(user|recipient|mailbox|address|account)\s*(is\s+)?(unknown|invalid|not (found|known|exist)|rejected)"
    r"|(does not|doesn't) exist"
    r"|(unknown|invalid|no such|nonexistent|non-existent)\s+(local\s+)?(user|recipient|mailbox|address|account)"
    r"|no mailbox|not our (user|customer)",
    re.IGNORECASE,
)
_ABOUT_US = re.compile(
    r"reputation|spamhaus|block ?list|black ?list|authenticat"
    r"|relay(ing)? (access )?(denied|not permitted)|unable to relay",
    re.IGNORECASE,
)
# The sender's address or standing: 5.1.7 and 5.1.8 (RFC 3463), 5.7.8 (RFC 4954), 5.7.2x (RFC 7372).
_ABOUT_SENDER = frozenset({"5.1.7", "5.1.8", "5.7.8", "5.7.9", "5.7.14"} | {f"5.7.{n}" for n in range(20, 30)})


def enhanced_status(answer: str) -> str:
    """The enhanced status code of an answer, or nothing."""
    found = _STATUS.search(answer)
    return ".".join(found.groups()) if found else ""


def asked_wait(answer: str) -> int:
    """The seconds that a server asks to wait ("greylisted, try again in 300 seconds"), 0 when it does not say."""
    found = _WAIT.search(answer)
    if found is None:
        return 0
    seconds = int(found[1]) * (60 if (found[2] or "s").lower().startswith("m") else 1)
    return min(seconds, 86_400)


def classify(report: Report) -> Verdict:
    """The state that follows from a report."""
    match report.phase:
        case Phase.HELD:
            return Verdict(State.QUEUED)
        case Phase.RENDER:
            reason = Reason(report.reason)
            state = State.REJECTED if reason is Reason.NEEDS_SMTPUTF8 else State.SKIPPED
            return Verdict(state, reason, report.detail)
        case Phase.DOT:
            return Verdict(State.UNKNOWN, Reason.HANDOVER_UNSURE)
        case Phase.ANSWERED:
            return _after_the_dot(report)
        case Phase.RCPT | Phase.DATA | Phase.BODY | Phase.MAIL:
            return _before_the_dot(report)
        case Phase.CONNECT | Phase.GREETING | Phase.AUTH:
            refused = report.code >= 500
            return _later(report, RouteTrouble.PAUSE if refused else RouteTrouble.REST)
        case never:
            assert_never(never)


def _later(report: Report, trouble: RouteTrouble | None = None) -> Verdict:
    answer = report.answer or report.phase.value
    return Verdict(
        State.DEFERRED,
        Reason.ROUTE_PAUSED if trouble else Reason.REFUSED_BY_SERVER,
        {"answer": answer, "error": answer} if trouble else {"answer": answer},
        trouble=trouble,
        wait_seconds=asked_wait(report.answer),
    )


def _no(state: State, reason: Reason, report: Report, *, suppress: bool = False) -> Verdict:
    return Verdict(state, reason, {"answer": f"{report.code} {report.answer}".strip()}, suppress)


def _before_the_dot(report: Report) -> Verdict:
    if report.code < 500:
        return _later(report)
    if _is_size(report):
        return _no(State.REJECTED, Reason.TOO_LARGE, report)
    if report.phase is Phase.MAIL or _is_about_us(report):
        return _later(report, RouteTrouble.PAUSE)
    if report.phase is Phase.RCPT:
        return _refused_address(report)
    return _no(State.REJECTED, Reason.REFUSED_BY_SERVER, report)


def _after_the_dot(report: Report) -> Verdict:
    if 200 <= report.code < 300:
        return Verdict(State.SENT)
    if report.code < 500:
        return _later(report)
    if report.enhanced[2:4] == "1." and not _is_about_us(report):
        return _refused_address(report)
    if _is_about_us(report):
        return _later(report, RouteTrouble.PAUSE)
    reason = Reason.TOO_LARGE if _is_size(report) else Reason.REFUSED_BY_SERVER
    return _no(State.REJECTED, reason, report)


def _refused_address(report: Report) -> Verdict:
    """Bounced; the address is suppressed only when the answer says that it does not exist."""
    exists_not = report.enhanced[:4] == "5.1." or (not report.enhanced and bool(_NO_SUCH_USER.search(report.answer)))
    hard = exists_not and not _NOT_THE_ADDRESS.search(report.answer)
    return _no(State.BOUNCED, Reason.HARD_BOUNCE if hard else Reason.REFUSED_BY_SERVER, report, suppress=hard)


def _is_size(report: Report) -> bool:
    """The message is too large (RFC 1870: 552 or 5.3.4); a full mailbox is 552 at RCPT."""
    return report.enhanced == "5.3.4" or (report.code == 552 and report.phase is not Phase.RCPT)


def _is_about_us(report: Report) -> bool:
    """The refusal concerns the sender's standing or authentication, whoever the recipient."""
    if report.enhanced in _ABOUT_SENDER:
        return True
    about_security = not report.enhanced or report.enhanced.startswith("5.7.")
    return about_security and bool(_ABOUT_US.search(report.answer))
