"""What is looked through in an email before it goes: each finding has a mail that has it, and one that has not."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nurture.messages.checklist import Level, of_email, together
from nurture.messages.compile import compile_email
from nurture.messages.source import Shared, Source, read_library
from nurture.policy.laws import profile

HOUSE = {"name": "An Phát", "address": "12 Lê Lợi, Quận 1", "email": "tin@anphat.example"}
GOOD = (
    "<html><body><h1>Xin chào</h1><p>Khóa học mới của {{ house.name }}.</p>"
    '<p><a href="https://anphat.example/hoc">Xem khóa học</a></p><p>{{ house.name }}, {{ house.address }}</p>'
    '<p><a href="{{ unsubscribe_url }}">Từ chối nhận tin</a></p></body></html>'
)


def _found(
    body: str = GOOD, subject: str = "Khóa học mới", preheader: str = "Mở từ thứ Hai", law: str = "vn",
    message_class: str = "advertising", house: Mapping[str, str] = HOUSE, text: str | None = None, *,
    leaves: bool = True,
) -> dict[str, Level]:  # fmt: skip
    source = Source("mau", "vi", subject, preheader, body, "html", text)
    compiled = compile_email(source, Shared({"default.html": "[[body]]"}))
    items = of_email(compiled, message_class, profile(law), house, "https://n.example.vn", leaves=leaves)
    return {one.text: one.level for one in items}


def _levels(found: dict[str, Level], part: str) -> list[Level]:
    return [level for text, level in found.items() if part in text]


def test_a_good_email_has_nothing_to_look_at() -> None:
    """Every line says what is right."""
    assert set(_found().values()) == {Level.GOOD}


@pytest.mark.parametrize(
    ("part", "level", "changed"),
    [
        ("no unsubscribe link", Level.BAD, {"body": GOOD.replace("{{ unsubscribe_url }}", "https://a.example/x")}),
        ("Something to follow", Level.BAD, {"body": GOOD.replace("</body>", '<a href="https://a.example/x">Xem</a></body>')}),
        ("Something to follow", Level.WATCH,
         {"body": GOOD.replace("</body>", '<a href="https://a.example/x">Xem</a></body>'), "law": "none"}),
        ("HOUSE_ADDRESS is not set", Level.BAD, {"house": {**HOUSE, "address": ""}}),
        ("HOUSE_ADDRESS is not set", Level.WATCH, {"house": {**HOUSE, "address": ""}, "leaves": False}),
        ("does not say", Level.BAD, {"body": GOOD.replace("{{ house.address }}", "")}),
        ("is cut off", Level.WATCH, {"subject": "Khóa học mới " * 8}),
        ("no preheader", Level.WATCH, {"preheader": ""}),
        ("behind the cut", Level.BAD, {"body": GOOD.replace("Xin chào", "Xin chào " + "dài " * 30_000)}),
        ("without an alt text", Level.WATCH,
         {"body": GOOD.replace("<h1>", '<img src="https://a.example/a.png"><h1>')}),
        ("Nothing is called so", Level.WATCH, {"body": GOOD.replace("<h1>", '<a href="#gia">Giá</a><h1>')}),
        ("without https", Level.WATCH, {"body": GOOD.replace("https://anphat", "http://anphat")}),
        ("Links without words", Level.WATCH, {"body": GOOD.replace(">Xem khóa học<", "><")}),
        ("says something else", Level.WATCH, {"text": "Chuyện hoàn toàn khác {{ unsubscribe_url }} một hai ba bốn"}),
    ],
    ids=["no-way-out", "not-last", "not-last-no-law", "no-address", "stays-here", "silent", "subject", "preheader",
         "size", "alt", "anchor", "http", "mute-link", "text"],
)  # fmt: skip
def test_each_fault_is_found(part: str, level: Level, changed: dict[str, object]) -> None:
    """With its weight; the good mail has none of them."""
    assert _levels(_found(**changed), part) == [level]  # type: ignore[arg-type]


def test_a_mail_that_is_no_advertising_may_go_without_a_way_out() -> None:
    """Nor need it say who writes."""
    found = _found(body="<html><body><p>Lịch hẹn đã được xác nhận.</p></body></html>", message_class="care")
    assert Level.BAD not in found.values()


def test_what_is_so_in_one_language_only_says_in_which() -> None:
    """What is so in all stands once."""
    law = profile("vn")
    both = {}
    for language, preheader in (("vi", "có"), ("en", "")):
        source = Source("mau", language, "Chào", preheader, GOOD, "html")
        compiled = compile_email(source, Shared({"default.html": "[[body]]"}))
        both[language] = of_email(compiled, "advertising", law, HOUSE)
    found = together(both)
    assert [one.where for one in found if "preheader" in one.text] == [("en",)]
    assert all(not one.where for one in found if one.level is Level.GOOD)


def test_the_gallery_passes_as_advertising() -> None:
    """In both languages under the strictest law."""
    library = read_library(Path(__file__).parents[3] / "templates_email")
    apart = ("staff_", "refusal_confirmed", "consent_asked")
    for source in library.sources:
        if not source.key.startswith(apart):
            items = of_email(compile_email(source, library.shared), "advertising", profile("vn"), HOUSE)
            assert [one.said("en") for one in items if one.level is not Level.GOOD] == [], source.key
