"""Each failure by its phase: the state it leads to, and whom it blames."""

import pytest

from nurture.delivery.classify import asked_wait, classify, enhanced_status
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
        (P.MAIL, 0, "the connection was closed", State.DEFERRED, None, False),
        (P.RCPT, 0, "the connection was closed", State.DEFERRED, None, False),
        (P.DATA, 0, "Connection reset by peer", State.DEFERRED, None, False),
        (P.BODY, 0, "Broken pipe", State.DEFERRED, None, False),
        # 4xx: later
        (P.GREETING, 421, "4.3.2 too busy", State.DEFERRED, REST, False),
        (P.MAIL, 451, "4.3.0 try later", State.DEFERRED, None, False),
        (P.RCPT, 450, "4.2.0 greylisted, try again in 300 seconds", State.DEFERRED, None, False),
        (P.DATA, 452, "4.3.1 disk full", State.DEFERRED, None, False),
        (P.ANSWERED, 451, "4.7.1 try later", State.DEFERRED, None, False),
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
        (P.RCPT, 550, "Requested action not taken: mailbox unavailable", State.BOUNCED, None, False),
        # the mail itself
        (P.MAIL, 552, "message size exceeds fixed limit", State.REJECTED, None, False),
        (P.MAIL, 554, "5.3.4 too big", State.REJECTED, None, False),
        (P.BODY, 552, "5.3.4 too much mail data", State.REJECTED, None, False),
        (P.DATA, 554, "5.6.0 no", State.REJECTED, None, False),
        (P.ANSWERED, 554, "5.6.0 content refused", State.REJECTED, None, False),
        (P.ANSWERED, 550, "5.7.1 message looks like spam", State.REJECTED, None, False),
        (P.ANSWERED, 550, "5.1.1 unknown after all", State.BOUNCED, None, True),
        # us: the route pauses, nobody else is blamed
        (P.GREETING, 554, "5.7.1 you are listed", State.DEFERRED, PAUSE, False),
        (P.AUTH, 535, "5.7.8 wrong password", State.DEFERRED, PAUSE, False),
        (P.MAIL, 530, "5.7.0 authentication required", State.DEFERRED, PAUSE, False),
        (P.MAIL, 550, "sender refused", State.DEFERRED, PAUSE, False),
        (P.RCPT, 554, "5.7.1 Relay access denied", State.DEFERRED, PAUSE, False),
        (P.RCPT, 550, "5.1.8 bad sender's domain", State.DEFERRED, PAUSE, False),
        (P.ANSWERED, 550, "5.7.26 DMARC check failed", State.DEFERRED, PAUSE, False),
        # done, or nobody knows
        (P.ANSWERED, 250, "2.0.0 queued as 1A", State.SENT, None, False),
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
