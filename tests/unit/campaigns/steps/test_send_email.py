"""The step send_email writes one message and goes on."""

import pytest

from nurture.campaigns.effects import Go, IfHeld, WriteMessage
from nurture.campaigns.steps import send_email
from tests.unit.campaigns.ground import moment, reading


def test_it_writes_the_email_and_goes_on() -> None:
    """Whether it may go is for the policy to say."""
    config = send_email.read(reading(), "hello", "steps[0].send_email")
    assert send_email.act(config, moment()) == Go(effects=(WriteMessage("hello"),))
    assert send_email.describe(config, "en") == "Send the email “hello”"


@pytest.mark.parametrize(
    ("value", "code", "mend"),
    [
        pytest.param("helo", "unknown_email", "did you mean “hello”?", id="a slip of the pen"),
        pytest.param("Hello!", "bad_key", "small letters, digits, - and _, at most 80", id="no key"),
        pytest.param(["hello"], "bad_key", "small letters, digits, - and _, at most 80", id="a list"),
    ],
)
def test_an_email_that_is_not_there_is_a_finding(value: object, code: str, mend: str) -> None:
    """With what was probably meant."""
    one = reading()
    send_email.read(one, value, "steps[0].send_email")
    (problem,) = one.problems
    assert (problem.code, problem.mend % dict(problem.params) if problem.params else "") == (code, mend)


@pytest.mark.parametrize("word", ["wait", "skip"])
def test_it_says_what_becomes_of_a_held_email(word: str) -> None:
    """Wait, as without saying; or skip."""
    config = send_email.read(reading(), {"email": "hello", "if_held": word}, "steps[0].send_email")
    assert send_email.act(config, moment()) == Go(effects=(WriteMessage("hello", IfHeld(word)),))
    assert ("leave it out" in send_email.describe(config, "en")) is (word == "skip")


def test_findings_of_the_long_form_have_their_paths() -> None:
    """Each with its own."""
    one = reading()
    send_email.read(one, {"email": "helo", "if_held": "drop", "later": 1}, "steps[0].send_email")
    send_email.read(one, {"if_held": "skip"}, "steps[1].send_email")
    assert [(problem.code, problem.path) for problem in one.problems] == [
        ("unknown_key", "steps[0].send_email.later"),
        ("unknown_email", "steps[0].send_email.email"),
        ("unknown_value", "steps[0].send_email.if_held"),
        ("missing_key", "steps[1].send_email"),
    ]
