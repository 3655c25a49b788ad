"""What a provider tells: authentic first, acted on in one transaction, once."""

import json
import random
from dataclasses import replace
from typing import Any

import pytest

from nurture.consents.tables import suppressions
from nurture.inbound.hearing import Fetcher, Heard, hear
from nurture.inbound.tables import returns
from nurture.inbound.webhooks._post import LARGEST, Post
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings
from nurture.messages.tables import messages
from nurture.outbound.address import allowed
from nurture.outbound.conversation import Line
from tests.storage.inbound.ground import rows, sent
from tests.storage.outbound.receiver import receiving
from tests.storage.performing.ground import counted

SECRET = "0123456789abcdefghij"
SHOWN = {"authorization": f"Bearer {SECRET}"}


def nothing(url: str) -> bytes | None:
    """Nothing is fetched."""
    raise AssertionError(url)


def with_brevo(context: Context) -> Context:
    """The same installation, which knows Brevo's secret."""
    settings = read_settings({"NURTURE_DATA_DIR": str(context.settings.data_dir), "NURTURE_BREVO_SECRET": SECRET})
    return replace(context, settings=settings)


def event(number: int, named: str, minute: int = 0) -> dict[str, Any]:
    return {"event": named, "email": f"lead{number}@example.com", "ts_epoch": 1_600_000_000_000 + minute * 60_000}


def heard(context: Context, data: Any, headers: dict[str, str] | None = None, provider: str = "brevo") -> Heard:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return hear(context, provider, Post(SHOWN if headers is None else headers, body), nothing)


def test_who_does_not_show_the_secret_changes_nothing(context: Context) -> None:
    sent(context)
    told = heard(with_brevo(context), event(1, "hard_bounce"), {})
    assert (told.status, told.asks) == (401, "Basic")
    assert rows(context, returns) == []


@pytest.mark.parametrize("provider", ["mailgun", "_post", "nobody", "..", ""])
def test_a_provider_without_a_secret_is_as_unknown_as_none(context: Context, provider: str) -> None:
    assert heard(with_brevo(context), {}, provider=provider).status == 404


def test_what_is_too_large_or_no_json_is_never_taken(context: Context) -> None:
    ready = with_brevo(context)
    assert heard(ready, b" " * (LARGEST + 1)).status == 413
    assert heard(ready, b"{").status == 400
    assert heard(ready, event(1, "opened")).status == 200


def test_a_hundred_events_are_one_transaction_and_count_once(context: Context) -> None:
    """Told again, and in another order, they change nothing more."""
    sent(context, 100)
    ready = with_brevo(context)
    batch = [event(number, "delivered" if number % 2 else "hard_bounce") for number in range(1, 101)]

    assert heard(ready, batch) == Heard(200, new=100)
    random.Random(1).shuffle(batch)
    assert heard(ready, batch) == Heard(200, new=0)

    assert len(rows(context, suppressions)) == 50
    states = [row.state for row in rows(context, messages)]
    assert (states.count("bounced"), states.count("sent")) == (50, 50)


def test_many_events_take_no_more_statements_than_few(context: Context) -> None:
    sent(context, 60)
    ready = with_brevo(context)
    with counted(context) as few:
        heard(ready, [event(number, "delivered") for number in range(1, 6)])
    with counted(context) as many:
        heard(ready, [event(number, "delivered") for number in range(6, 61)])
    assert len(many) <= len(few) + 2


def test_whatever_comes_first_the_end_is_the_same(context: Context) -> None:
    """A bounce told before the delivery outlasts it."""
    sent(context)
    ready = with_brevo(context)
    heard(ready, event(1, "hard_bounce", 5))
    heard(ready, event(1, "delivered", 1))
    assert [row.state for row in rows(context, messages)] == ["bounced"]


def test_a_complaint_rings_for_what_follows(context: Context) -> None:
    sent(context)
    context.wake.reactions.clear()
    heard(with_brevo(context), event(1, "spam"))
    assert context.wake.reactions.is_set()
    assert [row.reason for row in rows(context, suppressions)] == ["complained"]


def test_a_certificate_that_does_not_come_is_no_refusal(context: Context) -> None:
    """503, so that Amazon tells it again."""
    topic = "arn:aws:sns:ap-southeast-1:123456789012:mail"
    settings = read_settings({"NURTURE_DATA_DIR": str(context.settings.data_dir), "NURTURE_SES_TOPICS": topic})
    url = "https://sns.ap-southeast-1.amazonaws.com/SimpleNotificationService-1.pem"
    body = json.dumps({"Type": "Notification", "TopicArn": topic, "SigningCertURL": url}).encode()
    assert hear(replace(context, settings=settings), "ses", Post({}, body), lambda _: None).status == 503


def test_a_certificate_is_fetched_once() -> None:
    """From hosts that we may talk to."""
    with receiving() as receiver:
        fetch = Fetcher(Line(allowed(("127.0.0.1",))))
        url = f"http://127.0.0.1:{receiver.port}/a.pem"
        assert [fetch(url), fetch(url), fetch("no address")] == [b"{}", b"{}", None]
    assert len(receiver.got) == 1


def test_what_cannot_be_kept_is_not_said_to_be_taken(context: Context) -> None:
    """Whoever told it will tell it again."""
    sent(context)
    ready = with_brevo(context)
    with context.database.write() as conn:
        conn.exec_driver_sql("ALTER TABLE returns RENAME TO away")
    with pytest.raises(Exception, match="returns"):
        heard(ready, event(1, "hard_bounce"))
    with context.database.write() as conn:
        conn.exec_driver_sql("ALTER TABLE away RENAME TO returns")
    assert heard(ready, event(1, "hard_bounce")) == Heard(200, new=1)
