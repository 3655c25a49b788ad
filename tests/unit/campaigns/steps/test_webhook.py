"""The step webhook tells another system, and waits for its answer where that is asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nurture.campaigns.effects import CallWebhook, Go, Hold
from nurture.campaigns.steps import webhook
from tests.unit.campaigns.ground import DAY, NOW, moment, reading

URL = "https://crm.example.vn/hooks"
CALL = CallWebhook(URL, "crm", ("name",))
PLAIN = webhook.Webhook(URL, "crm", ("name",))
WAITING = replace(PLAIN, within=DAY)


def test_without_wait_the_lead_goes_straight_on() -> None:
    """What comes of it is seen elsewhere."""
    value = {"url": URL, "name": "crm", "send": ["name"]}
    config = webhook.read(reading(), value, "steps[0].webhook")
    assert config == PLAIN
    assert webhook.act(config, moment()) == Go(effects=(CALL,))
    assert webhook.ways(value) == {}
    assert webhook.describe(config, "en") == "Tell “crm” (crm.example.vn)"


@pytest.mark.parametrize(
    ("planned", "answer", "said"),
    [
        pytest.param(NOW, None, Hold(NOW + DAY, effects=(CALL,)), id="it asks and holds"),
        pytest.param(NOW + DAY, None, Go("failed", "failed"), id="no answer in time"),
        pytest.param(NOW, {"state": "ok", "at": NOW}, Go("ok", "ok", at=NOW), id="taken"),
        pytest.param(NOW, {"state": "failed", "at": NOW}, Go("failed", "failed", at=NOW), id="refused for good"),
        pytest.param(NOW + DAY, {"state": "ok", "at": NOW}, Go("ok", "ok", at=NOW), id="taken just in time"),
    ],
)
def test_with_wait_it_goes_the_way_of_the_answer(planned: object, answer: object, said: object) -> None:
    """From the instant of the answer."""
    assert webhook.act(WAITING, moment()._replace(planned=planned, answer=answer)) == said  # type: ignore[arg-type]


def test_both_ways_are_there_when_it_waits() -> None:
    """One that is not written leads straight on."""
    value = {"url": URL, "name": "crm", "wait": {"ok": ["x"], "within": "3 hours"}}
    config = webhook.read(reading(), value, "steps[0].webhook")
    assert config.within == timedelta(hours=3)
    assert webhook.ways(value) == {"ok": ["x"], "failed": []}
    assert webhook.place("ok") == "wait.ok"
    assert webhook.label(config, "ok", "en") == "taken"
    assert webhook.label(config, "failed", "en") == "not taken within 3 hours"
    assert "up to 3 hours" in webhook.describe(config, "en")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param({"name": "crm"}, "missing_key", id="no address"),
        pytest.param({"url": URL}, "missing_key", id="no name"),
        pytest.param({"url": "crm.example.vn", "name": "crm"}, "bad_url", id="no scheme"),
        pytest.param({"url": "https://a:b@crm.vn/", "name": "crm"}, "bad_url", id="a password in it"),
        pytest.param({"url": "https://0x7f.1/", "name": "crm"}, "bad_url", id="a number in hex"),
        pytest.param({"url": "http://crm.vn/", "name": "crm"}, "insecure_url", id="not https"),
        pytest.param({"url": URL, "name": "Our CRM"}, "bad_key", id="a name that is no key"),
        pytest.param({"url": URL, "name": "crm", "send": ["nmae"]}, "unknown_field", id="no such field"),
        pytest.param(
            {"url": URL, "name": "crm", "send": [{"name": "x"}]}, "unknown_field", id="a field that is no word"
        ),
        pytest.param({"url": URL, "name": "crm", "send": "name"}, "not_a_list", id="no list"),
        pytest.param({"url": URL, "name": "crm", "wait": {"within": "soon"}}, "bad_span", id="no length of time"),
        pytest.param({"url": URL, "name": "crm", "secret": "x"}, "unknown_key", id="what is not known"),
    ],
)
def test_what_cannot_be_used_is_a_finding(value: object, code: str) -> None:
    """When it is read."""
    one = reading()
    webhook.read(one, value, "steps[0].webhook")
    assert [problem.code for problem in one.problems] == [code]
