"""Frames for HTML that others wrote."""

from nurture.web import frames


def test_a_frame_on_a_phone_grows_with_the_mail() -> None:
    """Within bounds; what a link's address takes in the text part is not shown in the HTML."""
    short, long = frames.phone_height("Chào chị"), frames.phone_height("Một dòng dài hơn một chút.\n\n" * 20)
    assert short == frames.LOWEST < long < frames.HIGHEST
    assert frames.phone_height("Xem <https://example.vn/" + "x" * 900 + ">\n" * 30) <= frames.phone_height("Xem\n" * 30)
    assert frames.phone_height("a b " * 99_999) == frames.HIGHEST
