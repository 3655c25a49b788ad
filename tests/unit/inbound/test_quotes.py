"""What a person wrote, without what they quote and without their signature."""

import pytest

from nurture.inbound.quotes import of_markup, without_quotes

# what it is, the mail, the words
PLAIN = (
    (
        "Gmail",
        "Gọi lại cho tôi.\n\nOn Mon, Nov 23, 2026 at 9:00 AM An Phat <a@x.vn> wrote:\n\n> Chào bạn\n> Hẹn gặp",
        "Gọi lại cho tôi.",
    ),
    (
        "Gmail folded",
        "Ok\n\nOn Mon, Nov 23, 2026 at 9:00 AM An Phat Company Limited\n<tin@anphat.vn> wrote:\n> Hi",
        "Ok",
    ),
    (
        "Gmail Vietnamese",
        "Đồng ý\n\nVào Th 2, 23 thg 11, 2026 vào lúc 09:00 An Phát <a@x.vn> đã\nviết:\n\n> Chào",
        "Đồng ý",
    ),
    (
        "Outlook",
        "Báo giá giúp tôi\n\n-----Original Message-----\nFrom: An Phat\nSent: Monday\nSubject: x\n\nChào",
        "Báo giá giúp tôi",
    ),
    (
        "Outlook Vietnamese",
        "Không cần\n\nTừ: An Phát <a@x.vn>\nĐã gửi: Thứ Hai\nTới: Lan\nChủ đề: x\n\nChào bạn",
        "Không cần",
    ),
    (
        "Outlook rule",
        "Ok nhé\n________________________________\nFrom: An Phat\nSent: Monday\nTo: Lan\n\nChào",
        "Ok nhé",
    ),
    ("Apple", "Hello\n> On 22 Aug 2026, at 19:21, An Phat <a@x.vn> wrote:\n>\n> Hi there!", "Hello"),
    (
        "words close above",
        "Gọi 0901234567 nhé\nOn 22 Aug 2026, at 19:21, An <a@x.vn> wrote:\n> Hi",
        "Gọi 0901234567 nhé",
    ),
    ("Russian", 'Hello\n02.04.2026 14:20 пользователь "tin" <\ntin@anphat.vn> написал:\n\n> Hi', "Hello"),
    ("German", "Ja gern\n\nAm 23.11.2026 um 09:00 schrieb An Phat:\n> Hallo", "Ja gern"),
    ("between the quotes", "> Giá bao nhiêu?\n10 triệu\n> Khi nào?\nMai", "10 triệu\nMai"),
    ("signature", "Cảm ơn\n-- \nLan\n0901234567", "Cảm ơn"),
    ("phone", "Gọi tôi\n\nĐã gửi từ iPhone của tôi", "Gọi tôi"),
    ("only the phone", "Sent from my iPhone\n\n> Chào", ""),
    ("nothing quoted", "Giá bao nhiêu?\nFrom: là từ khóa của tôi", "Giá bao nhiêu?\nFrom: là từ khóa của tôi"),
    ("nothing", "", ""),
)
MARKUP = (
    (
        "Gmail",
        '<div dir="ltr">Đồng ý<br></div><br><div class="gmail_quote"><div>On Mon wrote:</div>Chào</div>',
        "Đồng ý",
    ),
    ("Outlook", '<p>Ok <b>nhé</b></p><div id="appendonsend"></div><p>From: An</p>', "Ok nhé"),
    ("Apple", '<div>Thanks</div><blockquote type="cite">Hi</blockquote>', "Thanks"),
    ("style", "<style>p {color: red}</style><!-- no --><p>Xin&nbsp;chào &amp; hẹn</p>", "Xin chào & hẹn"),
)


@pytest.mark.parametrize(("text", "own"), [row[1:] for row in PLAIN], ids=[row[0] for row in PLAIN])
def test_only_own_words_are_kept(text: str, own: str) -> None:
    assert without_quotes(text) == own


@pytest.mark.parametrize(("markup", "own"), [row[1:] for row in MARKUP], ids=[row[0] for row in MARKUP])
def test_only_own_words_of_markup_are_kept(markup: str, own: str) -> None:
    assert of_markup(markup) == own
