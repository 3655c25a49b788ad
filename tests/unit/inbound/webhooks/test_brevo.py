"""Brevo's events, let in by a secret."""

from typing import Any

import pytest

from nurture.delivery.bounce import BounceReason
from nurture.inbound.model import What
from nurture.inbound.webhooks import brevo
from tests.unit.inbound.samples import NOW
from tests.unit.inbound.webhooks.ground import here, post

HERE = here(brevo_secret="0123456789abcdefghij")


def event(named: str, **more: Any) -> dict[str, Any]:
    return {
        "event": named, "email": "Lan@khach.test", "id": 7, "message-id": "<m4711.abc@anphat.test>",
        "ts_epoch": int(NOW.timestamp() * 1000) - 60_000, "date": "2026-11-23 09:59:00", "tags": ["x"], **more,
    }  # fmt: skip


def test_only_who_shows_the_secret_is_let_in() -> None:
    assert brevo.is_authentic(HERE, post({}, {"authorization": "Bearer 0123456789abcdefghij"}))
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "0123456789abcdefghij"}):
        assert not brevo.is_authentic(HERE, post({}, headers))


@pytest.mark.parametrize(
    ("named", "what", "why"),
    [
        ("delivered", What.DELIVERED, None),
        ("deferred", What.DELAYED, BounceReason.UNKNOWN),
        ("soft_bounce", What.BOUNCED, BounceReason.UNKNOWN),
        ("hard_bounce", What.BOUNCED, BounceReason.NO_SUCH_USER),
        ("invalid_email", What.BOUNCED, BounceReason.NO_SUCH_USER),
        ("blocked", What.BOUNCED, BounceReason.POLICY),
        ("spam", What.COMPLAINED, None),
        ("unsubscribed", What.UNSUBSCRIBED, None),
    ],
)
def test_its_words_are_ours(named: str, what: What, why: BounceReason | None) -> None:
    (got,) = brevo.returns(HERE, post(event(named)))
    assert (got.what, got.reason, got.address) == (what, why, "lan@khach.test")
    assert got.header_id == "m4711.abc@anphat.test"
    assert got.at < NOW


def test_the_receivers_words_go_before_its_own() -> None:
    (got,) = brevo.returns(HERE, post(event("hard_bounce", reason="554 5.7.1 blocked using zen.spamhaus.org")))
    assert got.reason is BounceReason.REPUTATION


def test_an_event_is_named_by_what_it_says() -> None:
    """Brevo gives events no id: told twice it is the same, a minute later another."""
    once, twice = (brevo.returns(HERE, post(event("deferred")))[0].key for _ in range(2))
    later = brevo.returns(HERE, post(event("deferred", ts_epoch=1)))[0].key
    assert once == twice != later


def test_a_batch_is_a_list() -> None:
    assert len(brevo.returns(HERE, post([event("delivered"), event("spam"), event("opened"), None]))) == 2


def test_what_is_not_known_is_passed_over() -> None:
    unknown: tuple[Any, ...] = (event("click"), event("request"), {}, [], "text", {"event": 7})
    for data in unknown:
        assert brevo.returns(HERE, post(data)) == []
