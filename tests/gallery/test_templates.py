"""The emails of the gallery: complete, in both languages, and fit to be sent."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from nurture.kernel.signing import new_ring
from nurture.messages.compile import compile_library
from nurture.messages.links import TRAP, MessageLinks, read_click
from nurture.messages.model import Compiled
from nurture.messages.personalize import Personalizer, Rendered
from nurture.messages.source import read_library

ROOT = Path(__file__).resolve().parents[2] / "templates_email"
TO_LEADS = {
    "welcome_series_hello", "welcome_series_guide", "welcome_series_reminder", "re_engagement_miss_you",
    "re_engagement_last_call", "re_engagement_goodbye", "cold_low_risk_offer_guide", "cold_low_risk_offer_trial",
    "hot_lead_handoff_intro", "hot_lead_handoff_missed", "trial_onboarding_start", "trial_onboarding_help",
    "trial_onboarding_tip", "trial_onboarding_ending", "lead_magnet_deliver", "lead_magnet_reminder",
    "lead_magnet_story", "lead_magnet_checklist", "webinar_confirm", "webinar_tomorrow", "webinar_tonight",
    "webinar_thanks", "webinar_recording", "demo_no_show_missed", "demo_no_show_last", "win_back_news",
    "win_back_offer", "birthday_greeting", "post_sale_upsell_thanks", "post_sale_upsell_next",
    "post_sale_upsell_friends",
}  # fmt: skip
TO_STAFF = {"staff_hot_lead", "staff_digest", "staff_invite", "staff_reset", "staff_notify", "staff_tasks",
            "staff_reply", "staff_route"}  # fmt: skip
RING = new_ring()
PERSON = dict.fromkeys(("name", "given_name", "honorific", "email", "phone", "phone_shown"), "")
HOUSE = {"name": "Trung tâm An Phát", "address": "", "email": "chao@anphat.example", "phone": "", "website": ""}
ABOUT_A_REFUSAL = {"refusal_confirmed", "consent_asked"}
ALERT: dict[str, Any] = {
    "lead_name": "Mai", "honorific": "chị", "company": "Cty An Phát", "phone": "+84901234567",
    "phone_shown": "0901 234 567", "url": "https://m.example/leads/k3", "product": "",
    "reasons": [{"text": "xem bảng giá 3 lần", "time": "hôm nay, 08:05"}],
}  # fmt: skip
# A lead of whom next to nothing is known: every email must cope.
BARE = {
    "lead": {**PERSON, "email": "a@b.example", "company": "", "city": "", "public_id": "k3", "fields": {}},
    "owner": {**PERSON, "email": "lan@b.example"},
    "company": {"name": None, "domain": None, "size": None},
    "house": HOUSE,
    "reason_line": "",
    "refused_at": "",
    "agree_url": "https://m.example/y/x",
    "wording": "Tôi đồng ý nhận quảng cáo của Trung tâm An Phát.",
    "alert": {"lead_name": "Mai", "url": "https://m.example/leads/k3", "reasons": []},
    "alerts": [{"lead_name": "Mai", "url": "https://m.example/leads/k3", "reasons": []}],
    "tasks": [{"title": "Gọi lại", "lead_name": "Mai", "due": "1/12", "url": "https://m.example/leads/k3"}],
    "link": "https://m.example/invite/x",
    "title": "Gọi lại",
    "url": "https://m.example/leads/k3",
}
KNOWN = {
    **BARE,
    "lead": {
        "name": "Nguyễn Văn Minh", "given_name": "Minh", "honorific": "anh", "email": "a@b.example",
        "phone": "+84901234567", "phone_shown": "0901 234 567", "company": "Cty An Phát", "city": "Hà Nội",
        "public_id": "k3", "fields": {},
    },
    "owner": {**PERSON, "name": "Trần Thị Lan", "email": "lan@b.example", "phone": "+84912", "phone_shown": "0912"},
    "alert": ALERT,
    "alerts": [ALERT, {**ALERT, "lead_name": "Hùng"}],
}  # fmt: skip


@cache
def emails() -> dict[tuple[str, str], Compiled]:
    """All of them, compiled."""
    return {(email.key, email.language): email for _, email in compile_library(read_library(ROOT))}


def render(key: str, language: str, values: dict[str, Any]) -> Rendered:
    """One of them, as it would be sent."""
    is_staff = key in TO_STAFF
    refusal = "" if is_staff else RING.address_hash("a@b.example")
    made = MessageLinks(RING, "https://m.example", 7, 0 if is_staff else 3, refusal, tracking=not is_staff)
    return Personalizer(emails()[key, language]).render(values, made)


EACH = [(key, language) for key in sorted(TO_LEADS | TO_STAFF | ABOUT_A_REFUSAL) for language in ("vi", "en")]


def test_every_email_is_there_in_both_languages() -> None:
    """And no other."""
    assert set(emails()) == set(EACH)


@pytest.mark.parametrize(("key", "language"), EACH)
@pytest.mark.parametrize("values", [BARE, KNOWN], ids=["bare", "known"])
def test_an_email_reads_well_for_anybody(key: str, language: str, values: dict[str, Any]) -> None:
    """No field is needed that a lead may lack, and nothing of the template shows."""
    mail = render(key, language, values)

    for text in (mail.subject, mail.preheader, mail.html, mail.text):
        assert text.strip()
        assert not any(mark in text for mark in ("{{", "{%", "[[", "None", "zqj", "zqu", " ,", "()"))
    assert len(mail.subject) <= 80
    assert "  " not in mail.text
    assert len(mail.html.encode()) < 20_000
    assert len(mail.text) > 100


@pytest.mark.parametrize(("key", "language"), [(key, language) for key, language in EACH if key in TO_LEADS])
def test_mail_to_leads_has_links_and_a_way_out(key: str, language: str) -> None:
    """At least one link, known by where it came from; the refusal last, in HTML and in text."""
    email, mail = emails()[key, language], render(key, language, KNOWN)

    assert email.can_unsubscribe
    assert email.links
    assert any("?utm_source=email" in link for link in email.links)
    assert all(link.startswith(f"https://www.nurture.example/{language}/") for link in email.links)
    for part in (mail.html, mail.text):
        assert "https://m.example/c/" in part
        assert part.rindex("https://m.example/u/") > part.rindex("https://m.example/c/")
        assert HOUSE["name"] in part


@pytest.mark.parametrize(("key", "language"), [(key, language) for key, language in EACH if key in TO_LEADS])
def test_every_link_of_a_mail_leads_where_its_author_said(key: str, language: str) -> None:
    """Token by token."""
    mail, expected = render(key, language, KNOWN), emails()[key, language].links
    tokens = {part.split('"')[0].split(">")[0] for part in (mail.html + mail.text).split("https://m.example/c/")[1:]}
    found = [read_click(RING, token) for token in tokens]
    read = [click for click in found if click is None or click.position != TRAP]

    assert len(found) - len(read) == (key not in TO_STAFF)  # the hidden one
    assert {(click.position, click.target) for click in read if click} == set(enumerate(expected))
    assert len(read) == len(expected)


def test_the_greeting_is_personal_where_it_can_be() -> None:
    """And polite where it cannot."""
    assert "Chào anh Minh" in render("welcome_series_hello", "vi", KNOWN).text
    assert "Chào anh/chị" in render("welcome_series_hello", "vi", BARE).text
    assert "Hello Minh" in render("welcome_series_hello", "en", KNOWN).text


def test_the_alert_says_who_and_why() -> None:
    """In the subject already."""
    mail = render("staff_hot_lead", "vi", KNOWN)

    assert mail.subject == "Lead nóng: chị Mai (Cty An Phát), xem bảng giá 3 lần"
    assert 'href="tel:+84901234567"' in mail.html
    assert "xem bảng giá 3 lần · hôm nay, 08:05" in mail.text


def test_the_digest_has_every_lead() -> None:
    """With a link to each."""
    mail = render("staff_digest", "vi", KNOWN)

    assert mail.subject == "2 lead nóng chờ Trần Thị Lan"
    assert "Chị Mai" in mail.text
    assert "Chị Hùng" in mail.text


def test_a_mail_of_tasks_says_what_is_to_be_done_for_whom() -> None:
    """One in the subject; of several their number, and each in the text."""
    one = {
        "title": "Gọi lại", "lead_name": "Mai", "honorific": "chị", "phone": "+84901234567", "due": "1/12, 08:00",
        "url": "https://m.example/leads/k3",
    }  # fmt: skip
    assert render("staff_tasks", "vi", {**KNOWN, "tasks": [one]}).subject == "Việc mới: Gọi lại, chị Mai"
    mail = render("staff_tasks", "vi", {**KNOWN, "tasks": [one, {**one, "title": "Nhắn tin", "note": "Ngắn thôi"}]})
    assert mail.subject == "2 việc mới cho Trần Thị Lan"
    assert all(said in mail.text for said in ("Gọi lại", "Nhắn tin", "Ngắn thôi", "Hạn 1/12, 08:00"))


@pytest.mark.parametrize("key", sorted(TO_STAFF))
def test_staff_mail_is_not_tracked(key: str) -> None:
    """Links are plain, there is no pixel."""
    html = render(key, "vi", KNOWN).html

    assert "/c/" not in html
    assert "/o/" not in html


@pytest.mark.parametrize(
    ("language", "said"), [("vi", "20 giờ, Thứ Ba, 24/11/2026"), ("en", "on Tuesday, 24 November 2026")]
)
def test_a_webinar_says_its_day_where_it_is_known(language: str, said: str) -> None:
    """And reads well where it is not."""
    lead = {**KNOWN["lead"], "fields": {"webinar_on": "2026-11-24"}}
    assert said in render("webinar_confirm", language, {**KNOWN, "lead": lead}).text.replace("*", "")
    assert "2026" not in render("webinar_confirm", language, KNOWN).text
