"""Words of refusal: found where a lead says no, and nowhere else."""

import pytest

from nurture.inbound.refusal_words import find

SAYS_NO = [
    "Đừng gửi nữa nhé, tôi bận lắm.",
    "Chị ơi đừng gửi email cho em nữa",
    "Tôi không nhận nữa.",
    "Tôi không muốn nhận thư quảng cáo này",
    "toi khong muon nhan thu quang cao nua",
    "dung gui mail cho toi nua",
    "Cho tôi huỷ đăng ký với",
    "Vui lòng xoá email của tôi khỏi danh sách.",
    "Đã nói rồi.\nNgừng gửi!",
    "Please unsubscribe me, I have bought elsewhere",
    "Please remove me from your list.",
    "take my address off this list",
    "Stop sending me these.",
    "Would you stop these emails?",
    "Don’t contact me again",
    "Do not send me any more offers",
    "No more emails please, I am not interested",
    "I asked twice.\nSTOP",
    "I don't care about prices. Unsubscribe me.",
]
SAYS_NOTHING = [
    "Please don't stop, I like your letters",
    "Please do not stop sending the newsletter",
    "We stop at the office at nine",
    "The bus stop is near your shop",
    "Anh dừng chân ở Huế hai ngày rồi về",
    "Đúng gửi về địa chỉ này nhé",
    "Tôi dùng gửi hàng nhanh được không?",
    "Tôi không nhận được email báo giá, gửi lại giúp",
    "Chưa nhận được thư của bên mình",
    "Đừng gửi hàng vào thứ bảy, gửi thứ hai giúp em",
    "Tôi không muốn hủy đăng ký đâu",
    "Giá bao nhiêu vậy em?",
    "Can you remove the second item from the quote?",
    "Không gửi được file, em xem lại giúp",
    "What does your email say about prices?",
    "",
]
ALONE = ["STOP", "Stop.", "unsubscribe", "Unsubscribe!\n\nSent from my iPhone", "Hủy đăng ký", "huy dang ky", "TC",
         "Xin chào,\nĐừng gửi nữa.\nCảm ơn", "Please unsubscribe\n-- \nMai Trần\nGiám đốc"]  # fmt: skip


@pytest.mark.parametrize("text", SAYS_NO)
def test_a_no_is_found_and_put_before_a_person(text: str) -> None:
    """It stands in a sentence, so that a person decides what it means."""
    found = find(text)
    assert found is not None
    assert not found.is_all
    assert found.words


@pytest.mark.parametrize("text", SAYS_NOTHING)
def test_an_ordinary_sentence_is_no_refusal(text: str) -> None:
    """Words of the table in another meaning, turned round, or with other marks."""
    assert find(text) is None


@pytest.mark.parametrize("text", ALONE)
def test_one_word_alone_leaves_nothing_to_ask(text: str) -> None:
    """Greetings, thanks and signatures aside."""
    found = find(text)
    assert found is not None
    assert found.is_all


def test_the_subject_counts_where_nothing_else_is_written() -> None:
    """One that a mail program wrote over the answer is ours."""
    assert find("", "Unsubscribe") == find("unsubscribe")
    assert find(" \n", "STOP") is not None
    assert find("", "Re: Unsubscribe from the crowd: our new course") is None
    assert find("Giá bao nhiêu?", "STOP") is None


def test_the_sentence_is_shown_not_the_whole_letter() -> None:
    """What stands before and after is in the letter itself."""
    found = find("Cảm ơn em đã gọi. Chị không muốn nhận thư quảng cáo nữa. Hẹn dịp khác.")
    assert found is not None
    assert found.words == "chị không muốn nhận thư quảng cáo nữa"


def test_a_long_text_takes_no_time() -> None:
    """Only its beginning is looked at."""
    assert find("đừng gửi " * 200_000) is None
