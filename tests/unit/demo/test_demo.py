"""The demo's people and readers: the same for the same seed, under reserved domains, following no redirect."""

import random
from datetime import date

from nurture.demo.people import DOMAINS, STAFF, made_up, occasions
from nurture.demo.readers import intentions

BASE = "http://127.0.0.1:8000"


def _mail(to: str) -> bytes:
    html = f'<a href="{BASE}/c/aaa">x</a><a href="{BASE}/c/bbb">y</a><img src="{BASE}/o/ccc">'
    head = f"To: {to}\r\nList-Unsubscribe: <{BASE}/u/ddd>\r\nContent-Type: text/html; charset=utf-8\r\n"
    return f"{head}\r\n{html}".encode()


def test_people_are_the_same_for_the_same_seed() -> None:
    """Another run of the demo meets the same people."""
    assert made_up(20) == made_up(20)
    assert made_up(20, seed=8) != made_up(20)


def test_every_address_is_reserved_and_its_own() -> None:
    """No real mailbox can be meant (RFC 2606)."""
    emails = [one.email for one in made_up(300)]
    assert len(set(emails)) == 300
    assert {email.partition("@")[2] for email in emails} <= set(DOMAINS)
    assert all(email.isascii() for email in emails)
    assert all(email.endswith(".example") for _, email, _, _ in STAFF)


def test_readers_only_ever_ask_our_own_server() -> None:
    """Whatever the mail holds, what they ask for begins with our address."""
    for one in made_up(120):
        for _, method, url, _, _ in intentions(_mail(one.email), BASE, 0.0, 1.0):
            assert url.startswith(f"{BASE}/")
            assert method in {"GET", "HEAD", "POST"}


def test_some_open_some_click_and_some_are_machines() -> None:
    """A demo in which nothing happens would show nothing."""
    acts = [act for one in made_up(300) for act in intentions(_mail(one.email), BASE, 0.0, 1.0)]
    methods = {method for _, method, _, _, _ in acts}
    assert methods == {"GET", "HEAD", "POST"}
    assert sum("/o/" in url for _, _, url, _, _ in acts) > 100
    assert 20 < sum("/c/" in url and method == "GET" for _, method, url, _, _ in acts) < 150


def test_a_mail_without_html_is_left_alone() -> None:
    """Nothing to look at, nothing to do; no crash."""
    rubbish = random.Random(1).randbytes(2000)
    assert intentions(rubbish, BASE, 0.0, 1.0) == []


def test_something_has_just_happened_to_a_few() -> None:
    """Each campaign that waits for a tag or a date has somebody to write to, and none of them everybody."""
    today = date(2026, 11, 25)
    found = [occasions(one.email, today) for one in made_up(300)]
    tags = [tag for _, tags in found for tag in tags]
    assert all(1 <= tags.count(tag) <= 20 for tag in ("trial", "webinar", "bo-mau", "demo-no-show"))
    assert 100 < sum("birthday" in fields for fields, _ in found) < 250
    assert {fields["webinar_on"] for fields, _ in found if "webinar_on" in fields} == {"2026-12-03"}
    assert {fields["trial_ends_on"] for fields, _ in found if "trial_ends_on" in fields} == {"2026-12-09"}
