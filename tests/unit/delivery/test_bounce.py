"""Which reason a refusal gives: words before status, status before reply code."""

import pytest

from nurture.delivery.bounce import HARD, BounceReason, reason_of

Why = BounceReason

# status, code, text, reason
SAID = (
    # the address is not there
    ("5.1.1", 550, "The email account that you tried to reach does not exist", Why.NO_SUCH_USER),
    ("5.7.1", 550, "Recipient rejected: user unknown", Why.NO_SUCH_USER),
    ("", 550, "No Such User Here", Why.NO_SUCH_USER),
    ("", 550, "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", Why.NO_SUCH_USER),
    ("", 554, "delivery error: dd This user doesn't have a yahoo.com account (ai@yahoo.com) [0]", Why.NO_SUCH_USER),
    ("", 550, "Hộp thư người nhận không tồn tại", Why.NO_SUCH_USER),
    ("5.4.4", 0, "Host or domain name not found. Name service error for name=khong.vn", Why.NO_SUCH_DOMAIN),
    ("5.7.17", 550, "", Why.MOVED),
    # 5.x.x, and yet the address stands
    ("5.2.2", 552, "Mailbox full", Why.MAILBOX_FULL),
    ("5.1.1", 550, "The mailbox of this user is over quota", Why.MAILBOX_FULL),
    ("5.2.1", 550, "The email account that you tried to reach is disabled", Why.MAILBOX_DISABLED),
    ("5.7.1", 554, "Client host [192.0.2.1] blocked using zen.spamhaus.org", Why.REPUTATION),
    ("5.1.1", 550, "Message looks like spam", Why.SPAM),
    ("5.3.4", 552, "Message size exceeds fixed limit", Why.SIZE),
    ("5.7.26", 550, "This mail has been blocked because the sender is unauthenticated", Why.AUTHENTICATION),
    ("5.7.1", 550, "Message violates policy", Why.POLICY),
    ("5.7.1", 550, "Relaying denied", Why.RELAY_DENIED),
    # later
    ("4.7.1", 451, "Greylisted, please try again in 300 seconds", Why.GREYLISTED),
    ("4.7.28", 421, "", Why.RATE),
    ("4.4.7", 0, "", Why.EXPIRED),
    # by code alone
    ("5.1.2", 0, "", Why.NO_SUCH_DOMAIN),
    ("", 556, "", Why.NO_SUCH_DOMAIN),
    ("", 550, "", Why.UNKNOWN),
    ("5.0.0", 554, "Xyzzy", Why.UNKNOWN),
)


@pytest.mark.parametrize(("status", "code", "text", "why"), SAID, ids=[f"{row[0]} {row[2]}" for row in SAID])
def test_the_reason_decides_and_not_the_first_digit(status: str, code: int, text: str, why: Why) -> None:
    assert reason_of(status=status, code=code, text=text) is why


def test_only_who_says_that_the_address_is_gone_is_hard() -> None:
    assert {Why.NO_SUCH_USER, Why.NO_SUCH_DOMAIN, Why.MOVED} == HARD


def test_status_and_code_are_found_in_the_text() -> None:
    """A free-form bounce has only its text."""
    assert reason_of(text="smtp; 550 5.1.1 <ai@x.vn> ... ") is Why.NO_SUCH_USER
    assert reason_of(text="remote host said: 556 ") is Why.NO_SUCH_DOMAIN


def test_words_within_addresses_and_links_say_nothing() -> None:
    assert reason_of(text="550 5.1.1 <spam@x.vn>: see https://policy.example/spam") is Why.NO_SUCH_USER
