"""What comes back in the demo: rarely, of every kind, and the same each time."""

from collections import Counter

from nurture.demo.people import made_up
from nurture.demo.readers import intentions
from nurture.demo.writers import coming, is_lost
from nurture.inbound.played import Play
from nurture.inbound.refusal_words import find

SUBJECTS = ("[QC] Chào anh Đạt", "[QC] Ưu đãi tháng này", "[QC] Lịch khai giảng mới", "Đã giữ chỗ buổi học thử")


def test_what_comes_back_is_of_every_kind_and_rare() -> None:
    """Of a few hundred mails a few are refused, a few answered; hardly ever somebody complains."""
    mails = [(one.email, subject) for one in made_up(300) for subject in SUBJECTS]
    found = Counter(back.what for back in (coming(*mail) for mail in mails) if back is not None)
    assert set(found) == set(Play)
    assert sum(found.values()) < len(mails) / 10
    assert found[Play.SPAM] / len(mails) < 0.004
    assert [coming(*mail) for mail in mails] == [coming(*mail) for mail in mails]


def test_whom_nobody_knows_there_never_gets_a_mail() -> None:
    """The same address is refused each time, and nobody opens what was refused."""
    lost = [one.email for one in made_up(300) if all(is_lost(one.email, subject) for subject in SUBJECTS)]
    assert 1 <= len(lost) <= 10
    html = '<a href="http://127.0.0.1:8000/c/aaa">x</a><img src="http://127.0.0.1:8000/o/ccc">'
    for email in lost:
        raw = f"To: {email}\r\nSubject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}".encode()
        assert intentions(raw, "http://127.0.0.1:8000", 0.0, 1.0) == []


def test_some_answers_are_refusals_and_the_engine_reads_them_so() -> None:
    """And no question or thanks is taken for one; an English mail is answered in English."""
    answers = [coming(one.email, subject) for one in made_up(1_000) for subject in (*SUBJECTS, "[QC] Welcome")]
    texts = {back.text for back in answers if back is not None and back.what is Play.REPLY}
    noes = {text for text in texts if find(text)}
    assert "Đừng gửi nữa." in noes
    assert len(noes) < len(texts) / 2
    assert any(text.isascii() for text in texts)


def test_only_advertising_is_called_spam_or_refused() -> None:
    """Who is told that their no was heard does not say it again."""
    found = [coming(one.email, "Đã dừng gửi thư đến anh/chị") for one in made_up(2_000)]
    assert not any(back is not None and (back.what is Play.SPAM or find(back.text)) for back in found)
