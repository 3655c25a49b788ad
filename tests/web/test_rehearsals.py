"""Rehearsals on pages: who may, what is asked, and how a job is begun and followed."""

import threading

import pytest
from flask import Flask

from nurture.kernel.clock import SystemClock
from nurture.kernel.context import Context
from nurture.rehearsal import jobs
from tests.web.client import Client
from tests.web.rehearsed import BROKEN, CAMPAIGN, ENDED

ASK = f"/campaigns/{CAMPAIGN}/rehearse"
WANTED = {"who": "sample", "sample": "3", "days": "5", "seed": "1", "opens": "35", "clicks": "8", "replies": "0"}
_monotonic = SystemClock().monotonic


@pytest.fixture
def marketer(app: Flask) -> Client:
    """One who may rehearse."""
    return Client(app).sign_in("marketer")


@pytest.mark.parametrize("path", [ASK, f"/rehearsals/{ENDED}", f"/rehearsals/{ENDED}/leads/1"])
@pytest.mark.parametrize("who", ["sales", "viewer"])
def test_only_who_defines_campaigns_rehearses_them(app: Flask, who: str, path: str) -> None:
    """Others see neither the form nor what came of it; nor may they begin or end one."""
    client = Client(app).sign_in(who)
    assert client.get(path).status_code == 403
    assert client.post(ASK, WANTED).status_code == 403
    assert client.post(f"/rehearsals/{ENDED}/stop").status_code == 403


def test_a_rehearsal_is_begun_and_followed_to_its_end(marketer: Client) -> None:
    """Its page says how far it is, and then what would come of it."""
    marketer.get(ASK)
    answer = marketer.post(ASK, WANTED)
    page = marketer.follow(answer)
    last = _monotonic() + 60
    pause = threading.Event()
    while "<progress" in page.text and _monotonic() < last:
        pause.wait(0.1)
        page = marketer.get(answer.headers["Location"])
    assert page.status_code == 200
    assert 'id="calendar"' in page.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sample": "many"}, "số nguyên"),
        ({"days": "0"}, "từ 1 đến"),
        ({"opens": "200"}, "từ 0 đến 100"),
        ({"opens": "1", "clicks": "5"}, "không thể nhiều hơn"),
        ({"who": "addresses", "addresses": "nobody"}, "không phải địa chỉ email"),
        ({"who": "addresses", "addresses": "nobody@example.org"}, "Không có khách"),
        ({"who": "segment", "segment": ""}, "Hãy chọn với ai"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(marketer: Client, wrong: dict[str, str], said: str) -> None:
    """The form comes back as it was sent, and nothing was begun."""
    marketer.get(ASK)
    answer = marketer.post(ASK, {**WANTED, **wrong})
    assert answer.status_code == 422
    assert said in answer.text


def test_one_that_came_to_no_end_says_so(ctx: Context, marketer: Client) -> None:
    """With the error, escaped, whatever signs of a format it holds."""
    assert "ValueError: no" in marketer.get(f"/rehearsals/{BROKEN}").text
    error = {"error": "OperationalError: LIKE '%s' 100% of <b> %(x)s"}
    jobs.write(jobs.home(ctx) / BROKEN / "result.json", error)
    page = marketer.get(f"/rehearsals/{BROKEN}")
    assert page.status_code == 200
    assert "100% of &lt;b&gt; %(x)s" in page.text
    assert marketer.get(ASK).status_code == 200


@pytest.mark.parametrize(
    "path", ["/rehearsals/nothing", f"/rehearsals/{ENDED}/leads/999999", "/rehearsals/..%2f..%2fetc"]
)
def test_what_there_is_not_is_not_found(marketer: Client, path: str) -> None:
    """A name from outside opens no folder."""
    assert marketer.get(f"/rehearsals/{path}").status_code == 404
