"""Answers of machines and of people are told apart."""

import pytest

from nurture.inbound.model import Return, What
from nurture.inbound.reading import read
from tests.unit.inbound.samples import NOW, RING, answer, notice


def the(raw: bytes) -> Return:
    (one,) = read(raw, RING, NOW)
    return one


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied (vacation)\n",
        "X-Autoreply: yes\n",
        "X-Autorespond: Bang gia\n",
        "Precedence: auto_reply\n",
        "Return-Path: <>\n",
    ],
)
def test_a_machine_that_says_so_is_believed(header: str) -> None:
    assert the(answer("I am away.", more=header)).what is What.AUTO_REPLY


def test_auto_submitted_no_is_a_person() -> None:
    assert the(answer("Xin báo giá", more="Auto-Submitted: no\n")).what is What.REPLIED


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Bang gia thang 11",
        "Out of Office: Bang gia",
        "Tự động trả lời: Bảng giá",
        "Trả lời tự động: Bảng giá",
        "Vắng mặt đến 30/11",
        "Nghỉ phép",
        "Abwesenheitsnotiz: Bang gia",
        "Réponse automatique : Bang gia",
        "Respuesta automática: Bang gia",
        "Automatisch antwoord: Bang gia",
        "Автоответ: Bang gia",
        "自動返信: Bang gia",
        "自动回复: Bang gia",
        "부재중 알림",
        "Balasan otomatis: Bang gia",
    ],
)
def test_a_machine_is_known_by_its_subject_in_many_languages(subject: str) -> None:
    assert the(answer("...", subject=subject)).what is What.AUTO_REPLY


def test_a_person_who_answers_a_mail_about_leave_is_a_person() -> None:
    """Our own subject stands behind their "Re:"."""
    assert the(answer("Tôi quan tâm", subject="Re: Nghỉ phép 2/9 ở Đà Lạt")).what is What.REPLIED


def test_somebody_away_is_no_bounce_though_a_daemon_wrote_it() -> None:
    raw = notice(
        "I no longer work here. Delivery failed.", subject="Out of office", more="Auto-Submitted: auto-replied\n"
    )
    assert the(raw).what is What.AUTO_REPLY


@pytest.mark.parametrize(
    ("sender", "subject"),
    [("challenge@boxbe.com", "Your message is waiting"), ("lan@khach.test", "Please confirm your message")],
)
def test_who_asks_for_proof_is_answered_by_nobody(sender: str, subject: str) -> None:
    assert the(answer("Click here.", sender=sender, subject=subject)).what is What.CHALLENGE


def test_a_newsletter_that_lands_here_is_nothing() -> None:
    assert the(answer("News", subject="News", more="List-Id: <news.test>\n")).what is What.OTHER


def test_what_nobody_wrote_is_nothing() -> None:
    (one,) = read(b"\r\n", RING, NOW)
    assert one.what is What.OTHER
