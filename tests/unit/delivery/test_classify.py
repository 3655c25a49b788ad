"""Each failure by its phase: the state it leads to, and whom it blames."""

import pytest

from nurture.delivery.answers import asked_wait, enhanced_status
from nurture.delivery.classify import classify
from nurture.delivery.model import Phase, Report, RouteTrouble
from nurture.kernel.reasons import Reason
from nurture.messages.model import MessageState as State

PAUSE, REST = RouteTrouble.PAUSE, RouteTrouble.REST
P = Phase


def _report(phase: Phase, code: int, answer: str) -> Report:
    return Report(1, 1, phase, code, enhanced_status(answer), answer)


@pytest.mark.parametrize(
    ("phase", "code", "answer", "state", "trouble", "suppress"),
    [
        # before anything was answered: safe to try again
        (P.CONNECT, 0, "Connection refused", State.DEFERRED, REST, False),
        (P.GREETING, 0, "no answer in time", State.DEFERRED, REST, False),
        (P.AUTH, 0, "no answer in time", State.DEFERRED, REST, False),
        (P.MAIL, 0, "the connection was closed", State.DEFERRED, REST, False),
        (P.RCPT, 0, "the connection was closed", State.DEFERRED, None, False),
        (P.DATA, 0, "Connection reset by peer", State.DEFERRED, None, False),
        (P.BODY, 0, "Broken pipe", State.DEFERRED, None, False),
        # 4xx: later
        (P.GREETING, 421, "4.3.2 too busy", State.DEFERRED, REST, False),
        (P.MAIL, 451, "4.3.0 try later", State.DEFERRED, None, False),
        (P.RCPT, 450, "4.2.0 greylisted, try again in 300 seconds", State.DEFERRED, None, False),
        (P.DATA, 452, "4.3.1 disk full", State.DEFERRED, None, False),
        (P.ANSWERED, 451, "4.7.1 try later", State.DEFERRED, None, False),
        (P.AUTH, 454, "4.7.0 not now", State.DEFERRED, REST, False),
        # 421 wherever it comes: the relay leaves
        (P.AUTH, 421, "4.7.0 too many sign-ins", State.DEFERRED, REST, False),
        (P.MAIL, 421, "4.7.0 too many messages", State.DEFERRED, REST, False),
        (P.RCPT, 421, "4.7.28 unusual rate of mail", State.DEFERRED, None, False),
        (P.DATA, 421, "4.3.2 going down", State.DEFERRED, None, False),
        (P.BODY, 421, "4.4.2 timeout", State.DEFERRED, None, False),
        (P.ANSWERED, 421, "4.7.0 try later", State.DEFERRED, None, False),
        # the address
        (P.RCPT, 550, "5.1.1 user unknown", State.BOUNCED, None, True),
        (P.RCPT, 550, "No such user here", State.BOUNCED, None, True),
        (P.RCPT, 553, "5.1.3 bad address syntax", State.BOUNCED, None, True),
        (P.RCPT, 550, "that account does not exist", State.BOUNCED, None, True),
        # refused, and the address may well exist
        (P.RCPT, 552, "5.2.2 mailbox full", State.BOUNCED, None, False),
        (P.RCPT, 550, "5.7.1 rejected by policy", State.BOUNCED, None, False),
        (P.RCPT, 554, "looks like spam", State.BOUNCED, None, False),
        (P.RCPT, 550, "5.1.1 mailbox is full", State.BOUNCED, None, False),
        (P.RCPT, 550, "5.2.1 this mailbox is disabled", State.BOUNCED, None, False),
        (P.RCPT, 550, "no", State.BOUNCED, None, False),
        (P.RCPT, 550, "5.7.1 greylisted, come back in 5 minutes", State.DEFERRED, None, False),
        (P.RCPT, 550, "5.2.1 the user is receiving mail at a rate that prevents more", State.DEFERRED, None, False),
        # the mail itself
        (P.MAIL, 552, "message size exceeds fixed limit", State.REJECTED, None, False),
        (P.MAIL, 554, "5.3.4 too big", State.REJECTED, None, False),
        (P.MAIL, 552, "5.2.2 no room", State.REJECTED, None, False),
        (P.RCPT, 552, "5.3.4 message too big", State.REJECTED, None, False),
        (P.ANSWERED, 552, "5.3.4 message too big", State.REJECTED, None, False),
        (P.ANSWERED, 552, "5.2.2 over quota", State.REJECTED, None, False),
        (P.MAIL, 550, "5.6.7 no such letters", State.REJECTED, None, False),
        (P.BODY, 552, "5.3.4 too much mail data", State.REJECTED, None, False),
        (P.DATA, 554, "5.6.0 no", State.REJECTED, None, False),
        (P.ANSWERED, 554, "5.6.0 content refused", State.REJECTED, None, False),
        (P.ANSWERED, 550, "5.7.1 message looks like spam", State.REJECTED, None, False),
        (P.ANSWERED, 550, "no such user", State.REJECTED, None, False),
        (P.ANSWERED, 550, "5.1.1 unknown after all", State.BOUNCED, None, True),
        (P.ANSWERED, 550, "5.1.1 the mailbox is full", State.BOUNCED, None, False),
        # us: the route pauses, nobody else is blamed
        (P.GREETING, 554, "5.7.1 you are listed", State.DEFERRED, PAUSE, False),
        (P.AUTH, 535, "5.7.8 wrong password", State.DEFERRED, PAUSE, False),
        (P.MAIL, 530, "5.7.0 authentication required", State.DEFERRED, PAUSE, False),
        (P.MAIL, 550, "sender refused", State.DEFERRED, PAUSE, False),
        (P.RCPT, 554, "5.7.1 Relay access denied", State.DEFERRED, PAUSE, False),
        (P.RCPT, 550, "5.1.8 bad sender's domain", State.DEFERRED, PAUSE, False),
        (P.GREETING, 550, "helo refused", State.DEFERRED, PAUSE, False),
        (P.RCPT, 550, "5.7.1 your address is listed by Spamhaus", State.DEFERRED, PAUSE, False),
        (P.RCPT, 550, "5.4.5 daily sending limit exceeded", State.DEFERRED, PAUSE, False),
        (P.DATA, 550, "5.7.1 low sender reputation", State.DEFERRED, PAUSE, False),
        (P.ANSWERED, 550, "5.7.26 DMARC check failed", State.DEFERRED, PAUSE, False),
        (P.ANSWERED, 550, "5.4.5 daily user sending limit exceeded", State.DEFERRED, PAUSE, False),
        # done, or nobody knows
        (P.ANSWERED, 250, "2.0.0 queued as 1A", State.SENT, None, False),
        (P.ANSWERED, 299, "whatever", State.SENT, None, False),
        (P.ANSWERED, 354, "go on", State.UNKNOWN, None, False),
        (P.DOT, 0, "the connection was closed", State.UNKNOWN, None, False),
        (P.HELD, 0, "", State.QUEUED, None, False),
    ],
)
def test_a_failure_leads_to_the_state_of_its_phase(
    phase: Phase, code: int, answer: str, state: State, trouble: RouteTrouble | None, suppress: bool
) -> None:
    """The table of failures, one row each."""
    verdict = classify(_report(phase, code, answer))
    assert (verdict.state, verdict.trouble, verdict.suppress) == (state, trouble, suppress)


@pytest.mark.parametrize(
    ("phase", "code", "answer", "reason", "detail"),
    [
        (P.RCPT, 550, "5.1.1 user unknown", Reason.HARD_BOUNCE, {"hard": True, "reason": "no_such_user"}),
        (P.RCPT, 550, "5.1.6 has moved", Reason.HARD_BOUNCE, {"hard": True, "reason": "moved"}),
        (P.RCPT, 552, "5.2.2 mailbox full", Reason.SOFT_BOUNCE, {"hard": False, "reason": "mailbox_full"}),
        (P.ANSWERED, 554, "5.7.1 looks like spam", Reason.REFUSED_BY_SERVER, {"reason": "spam"}),
        (P.MAIL, 552, "too large", Reason.TOO_LARGE, {"reason": "size"}),
        (P.RCPT, 450, "4.2.2 mailbox full", Reason.REFUSED_BY_SERVER, {}),
    ],
)
def test_a_refusal_for_good_says_why(
    phase: Phase, code: int, answer: str, reason: Reason, detail: dict[str, object]
) -> None:
    """By the one table of reasons, beside what the server said."""
    verdict = classify(_report(phase, code, answer))
    said = verdict.detail["answer"]
    assert (verdict.reason, verdict.detail) == (reason, {**detail, "answer": said})
    assert answer in said


def test_what_the_relay_cannot_take_by_its_greeting_is_rejected() -> None:
    """It is no fault of the email."""
    report = Report(1, 1, Phase.RENDER, reason=Reason.TOO_LARGE.value, detail={"size": 30, "limit": 20})
    assert (classify(report).state, classify(report).reason) == (State.REJECTED, Reason.TOO_LARGE)


def test_a_text_that_could_not_be_made_is_skipped_with_its_reason() -> None:
    """The sender's own finding is kept."""
    report = Report(1, 1, Phase.RENDER, reason=Reason.MISSING_FIELD.value, detail={"field": "lead.company"})
    verdict = classify(report)
    assert (verdict.state, verdict.reason, verdict.detail) == (
        State.SKIPPED,
        Reason.MISSING_FIELD,
        {"field": "lead.company"},
    )


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ("4.7.1 greylisted, try again in 300 seconds", 300),
        ("please retry after 5 minutes", 300),
        ("wait for 90 s", 90),
        ("try again later", 0),
        ("in 99999 minutes", 86_400),
        ("4.2.0 Greylisting in action, please come back in 00:05:00", 300),
        ("Greylisted, try again after 1:02:03", 3723),
        ("Greylisted for 5 minutes", 300),
        ("4.7.1 try again in 4 hours", 14_400),
        ("please try again in 300s", 300),
        ("retry in [299] seconds", 299),
        ("4.7.1 hãy thử lại sau 10 phút", 600),
        ("thử lại sau 1 giờ", 3600),
        ("4.5.3 too many recipients in 2 sessions", 0),
        ("4.4.2 timeout waiting for 10 commands", 0),
        ("deferred at 12:30:05", 0),
    ],
)
def test_a_wait_that_the_server_names_is_read(answer: str, seconds: int) -> None:
    """In seconds, a day at most."""
    assert asked_wait(answer) == seconds


@pytest.mark.parametrize(
    ("answer", "status"),
    [("5.1.1 <a@b> unknown", "5.1.1"), ("<a@b>: 4.2.2 full", "4.2.2"), ("1.2.3.4 is listed", ""), ("no", "")],
)
def test_an_enhanced_status_is_found_and_an_address_is_none(answer: str, status: str) -> None:
    """Class 2, 4 or 5 only."""
    assert enhanced_status(answer) == status
