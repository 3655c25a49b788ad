"""Where mail providers tell what became of mail: open to them, closed to all others."""

from dataclasses import replace

import pytest
from flask import Flask

from nurture.inbound.webhooks._post import LARGEST
from nurture.kernel.context import Context
from nurture.kernel.settings import read_settings
from nurture.web.app import create_app

SECRET = "0123456789abcdefghij"


@pytest.fixture
def open_to_brevo(ctx: Context) -> Flask:
    """The web application of a house that knows Brevo's secret."""
    settings = read_settings({"NURTURE_DATA_DIR": str(ctx.settings.data_dir), "NURTURE_BREVO_SECRET": SECRET})
    return create_app(replace(ctx, settings=settings))


def test_a_provider_needs_no_account_no_cookie_and_no_token(open_to_brevo: Flask) -> None:
    event = {"event": "deferred", "email": "khach1@example.net", "ts_epoch": 1}
    answer = open_to_brevo.test_client().post(
        "/hooks/in/brevo", json=event, headers={"Authorization": f"Bearer {SECRET}"}
    )
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert not answer.headers.getlist("Set-Cookie")


def test_who_shows_nothing_is_asked_for_the_secret(open_to_brevo: Flask) -> None:
    answer = open_to_brevo.test_client().post("/hooks/in/brevo", json={})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="nurture"'


def test_what_nobody_would_send_breaks_nothing(ctx: Context) -> None:
    """A list where a word belongs, a time without end: a stranger who knows the topic, and one who knows the secret."""
    topic = "arn:aws:sns:us-east-1:123456789012:ses"
    given = {
        "NURTURE_DATA_DIR": str(ctx.settings.data_dir),
        "NURTURE_SES_TOPICS": topic,
        "NURTURE_BREVO_SECRET": SECRET,
    }
    visitor = create_app(replace(ctx, settings=read_settings(given))).test_client()
    for kind in ([], {}, 1, None, "Notification"):
        assert visitor.post("/hooks/in/ses", json={"TopicArn": topic, "Type": kind}).status_code == 401
    event = {"event": "deferred", "email": "khach1@example.net", "ts_epoch": 10**400}
    shown = {"Authorization": f"Bearer {SECRET}"}
    assert visitor.post("/hooks/in/brevo", json=event, headers=shown).status_code == 200


def test_a_provider_that_is_not_set_is_not_there(open_to_brevo: Flask) -> None:
    visitor = open_to_brevo.test_client()
    answers = [visitor.post(f"/hooks/in/{name}", json={}) for name in ("mailgun", "nobody", "_post")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1


def test_a_body_that_is_too_large_is_not_read(open_to_brevo: Flask) -> None:
    visitor = open_to_brevo.test_client()
    shown = {"Authorization": f"Bearer {SECRET}"}
    assert visitor.post("/hooks/in/brevo", data=b" " * (LARGEST + 1), headers=shown).status_code == 413


def test_nothing_is_there_to_look_at(open_to_brevo: Flask) -> None:
    assert open_to_brevo.test_client().get("/hooks/in/brevo").status_code == 405
