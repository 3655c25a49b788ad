"""The step send_sms writes one text message and goes on."""

import pytest

from nurture.campaigns.effects import Go, IfHeld, SendSms
from nurture.campaigns.steps import send_sms
from tests.unit.campaigns.ground import moment, reading

TEXTS = {"vi": "Chào {{ lead.given_name }}", "en": "Hi {{ lead.given_name }}"}


def test_it_writes_the_text_and_goes_on() -> None:
    """Whether it may go is for the policy to say."""
    config = send_sms.read(reading(), {"text": TEXTS}, "steps[0].send_sms")
    assert send_sms.act(config, moment()) == Go(effects=(SendSms(TEXTS),))
    assert send_sms.describe(config, "en") == "Send the text message “Hi …” (1 part or more)"


def test_it_may_be_left_out() -> None:
    """And says so."""
    config = send_sms.read(reading(), {"text": "Hi", "if_held": "skip"}, "steps[0].send_sms")
    assert send_sms.act(config, moment()) == Go(effects=(SendSms({"vi": "Hi", "en": "Hi"}, IfHeld.SKIP),))
    assert "leave it out" in send_sms.describe(config, "en")


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        pytest.param({}, "missing_key", "", id="no text"),
        pytest.param("Hi", "not_a_mapping", "", id="only a text"),
        pytest.param({"text": {"vi": "Chào"}}, "missing_key", ".text", id="a language is missing"),
        pytest.param({"text": "{{ lead.nmae }}"}, "bad_template", ".text", id="no such field"),
        pytest.param({"text": {**TEXTS, "en": "{{ lead"}}, "bad_template", ".text.en", id="not closed"),
        pytest.param({"text": "ế" * 336}, "too_long", ".text", id="six parts"),
        pytest.param({"text": "a" * 1001}, "not_text", ".text", id="far too long"),
        pytest.param({"text": "Hi", "if_held": "drop"}, "unknown_value", ".if_held", id="no such choice"),
    ],
)
def test_what_cannot_be_used_is_a_finding(value: object, code: str, path: str) -> None:
    """When it is read, with its place."""
    one = reading()
    send_sms.read(one, value, "steps[0].send_sms")
    assert [(problem.code, problem.path) for problem in one.problems] == [(code, f"steps[0].send_sms{path}")]
