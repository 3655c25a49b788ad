"""What each failure means, by the phase in which it happened (RFC 5321, RFC 3463). Pure.

| what happens | becomes |
| --- | --- |
| nothing to be had at connect, greeting, AUTH; 4xx there | deferred, and the route rests |
| cut off, silent or out of step at MAIL, RCPT, DATA or in the body | deferred; at MAIL the route rests, too |
| 4xx at MAIL, RCPT, DATA or after the dot; 421 anywhere | deferred, as long as the server asks |
| 552 or 5.3.4 at MAIL, 5.3.4 later | rejected as too large |
| 5xx at greeting, AUTH, MAIL; 5.7.x about our standing | deferred, and the route pauses |
| 5xx at RCPT | bounced, hard or soft by its reason |
| 5xx after the dot | bounced when its status is X.1.x, else rejected |
| no answer after the dot, or one that makes no sense | unknown |

The first digit does not decide alone: why a receiver refused is read by `bounce.reason_of`, the one table of reasons.
"""

from typing import assert_never

from nurture.delivery.answers import asked_wait
from nurture.delivery.bounce import HARD, BounceReason, reason_of
from nurture.delivery.model import Phase, Report, RouteTrouble, Verdict
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState as State

TAKEN = Verdict(State.SENT)  # the answer to the final dot was yes: nearly all there is
# The sender's address or standing: 5.1.7 and 5.1.8 (RFC 3463), 5.7.8 (RFC 4954), 5.7.2x (RFC 7372); a day's quota.
_ABOUT_SENDER = frozenset({"5.1.7", "5.1.8", "5.4.5", "5.7.8", "5.7.9", "5.7.14"} | {f"5.7.{n}" for n in range(20, 30)})
_ABOUT_US = frozenset(
    {
        BounceReason.REPUTATION,
        BounceReason.AUTHENTICATION,
        BounceReason.RELAY_DENIED,
        BounceReason.SENDER,
        BounceReason.RATE,
    }
)
_OTHER_LETTERS = frozenset({"5.6.7", "5.6.8", "5.6.9"})  # RFC 6531: what we offered it does not take after all


def classify(report: Report) -> Verdict:
    """The state that follows from a report."""
    match report.phase:
        case Phase.HELD:
            return Verdict(State.QUEUED)
        case Phase.RENDER:
            return _not_made(report)
        case Phase.DOT:
            return _unsure()
        case Phase.ANSWERED:
            return _after_the_dot(report)
        case Phase.RCPT | Phase.DATA | Phase.BODY | Phase.MAIL:
            return _before_the_dot(report)
        case Phase.CONNECT | Phase.GREETING | Phase.AUTH:
            refused = report.code >= 500
            return _later(report, RouteTrouble.PAUSE if refused else RouteTrouble.REST)
        case never:
            assert_never(never)


def why(report: Report) -> BounceReason | None:
    """Why the receiver refused for good; None where it did not."""
    if report.code < 500:
        return None
    return reason_of(status=report.enhanced, code=report.code, text=report.answer)


def _not_made(report: Report) -> Verdict:
    reason = Reason(report.reason)
    ours = reason not in {Reason.NEEDS_SMTPUTF8, Reason.TOO_LARGE}  # else the relay said so when it greeted
    return Verdict(State.SKIPPED if ours else State.REJECTED, reason, report.detail)


def _unsure() -> Verdict:
    return Verdict(State.UNKNOWN, Reason.HANDOVER_UNSURE)


def _later(report: Report, trouble: RouteTrouble | None = None) -> Verdict:
    answer = report.answer or report.phase.value
    return Verdict(
        State.DEFERRED,
        Reason.ROUTE_PAUSED if trouble else Reason.REFUSED_BY_SERVER,
        {"answer": answer, "error": answer} if trouble else {"answer": answer},
        trouble=trouble,
        wait_seconds=asked_wait(report.answer),
    )


def _before_the_dot(report: Report) -> Verdict:
    if report.code < 500:
        at_mail = report.phase is Phase.MAIL and report.code in {0, 421}  # before a word of this message was said
        return _later(report, RouteTrouble.REST if at_mail else None)
    if _is_size(report):
        return _rejected(report, Reason.TOO_LARGE)
    if report.enhanced in _OTHER_LETTERS:
        return _rejected(report, Reason.REFUSED_BY_SERVER)
    if report.phase is Phase.MAIL or _is_about_us(report):
        return _later(report, RouteTrouble.PAUSE)
    if report.phase is not Phase.RCPT:
        return _rejected(report, Reason.REFUSED_BY_SERVER)
    return _refused_address(report)


def _after_the_dot(report: Report) -> Verdict:
    if 200 <= report.code < 300:
        return TAKEN
    if report.code < 400:
        return _unsure()
    if report.code < 500:
        return _later(report)
    if _is_about_us(report):
        return _later(report, RouteTrouble.PAUSE)
    if report.enhanced[2:4] == "1.":
        return _refused_address(report)
    return _rejected(report, Reason.TOO_LARGE if _is_size(report) else Reason.REFUSED_BY_SERVER)


def _refused_address(report: Report) -> Verdict:
    """Bounced, unless the refusal only means "later"; suppressed when its reason says that the address is gone."""
    reason = why(report)
    if reason in {BounceReason.GREYLISTED, BounceReason.RATE}:
        return _later(report)
    hard = reason in HARD
    told = Reason.HARD_BOUNCE if hard else Reason.SOFT_BOUNCE
    return Verdict(State.BOUNCED, told, {"hard": hard, **_said(report)}, suppress=hard)


def _rejected(report: Report, reason: Reason) -> Verdict:
    size = {"reason": BounceReason.SIZE.value} if reason is Reason.TOO_LARGE else {}
    return Verdict(State.REJECTED, reason, {**_said(report), **size})


def _said(report: Report) -> dict[str, str]:
    reason = why(report) or BounceReason.UNKNOWN
    return {"answer": f"{report.code} {report.answer}".strip(), "reason": reason.value}


def _is_size(report: Report) -> bool:
    """The message is too large (RFC 1870: 552 or 5.3.4); at RCPT and later a 552 may speak of a full mailbox."""
    if report.code == 552 and report.phase is not Phase.RCPT:
        return report.phase is Phase.MAIL or report.enhanced in {"", "5.2.3", "5.3.4"}
    return report.enhanced == "5.3.4"


def _is_about_us(report: Report) -> bool:
    """The refusal concerns the sender's standing, authentication or quota, whoever the recipient."""
    if report.enhanced in _ABOUT_SENDER:
        return True
    about_security = not report.enhanced or report.enhanced.startswith("5.7.")
    return about_security and why(report) in _ABOUT_US
