"""The quick way to write a mail gives what the slow one gives, whatever the template and the lead."""

from dataclasses import replace
from quopri import decodestring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.delivery.conversation import stuffed
from nurture.delivery.dkim import relaxed_body
from nurture.kernel.signing import new_ring
from nurture.messages.links import Click, MessageLinks, read_click
from nurture.messages.mime import compose, write
from nurture.messages.model import Compiled
from nurture.messages.personalize import Drawn, MissingField, Personalizer, Rendered, TemplateFailure
from nurture.messages.stencil import Stencil
from tests.unit.messages.test_mime import ENVELOPE, FILES, parse

RING = new_ring()
PIECES = (
    "Chào {{ lead.name }},", "{{ lead.given_name or 'bạn' }}", "{{ lead.company or '' }}", " ", "\n", "\n\n", "  ",
    "\t", "{% if lead.company %}ở {{ lead.company }}{% else %}\n{% endif %}", ".", "\n.", "đ=ế ", "<b>&amp;</b>",
    "{{ _l0 }}", "{% for n in range(3) %}{{ n }}{{ lead.name }}\n\n{% endfor %}", "{{ lead.name | upper }}", "\n \n",
    "{{ house.name }}",
    "{% if lead.given_name == 'a' %} {% endif %}", "{{ lead | greeting }}", "\ue000", "x" * 90, "{{ unsubscribe_url }}",
    "{% if _pixel %}{{ _pixel }}{% endif %}", "{% filter urlencode %}{{ _l0 }}{% endfilter %}", "{{ _trap }}",
    "{% filter truncate(30) %}{{ _l0 }} {{ lead.name }}{% endfilter %}", "{% set a %}{{ _l0 }}{% endset %}{{ a }}",
    "{% set n = 3 %}{{ n }}",
)  # fmt: skip
VALUES = (
    "", "a", "Minh", "Nguyễn Thị Ánh", " ", "a b", "a  b", ".", "a\r\nb", "a\n", " a", "b ", "<&>\"'", "=?x?=", "\t",
    "\ue000", "\ud800", "感谢", "y" * 200, "\n\n\n", "lead", "name", "\u2028", "\x0b", "a\xa0",
)  # fmt: skip


def drawn(text: str, values: dict[str, str]) -> Drawn:
    """A mail whose two parts are this template."""
    return both(text, values, {})[0]


def both(text: str, values: dict[str, str], known: dict[str, Personalizer]) -> tuple[Drawn, Rendered]:
    """The same, and how it reads where nothing is encoded."""
    if text not in known:
        known[text] = Personalizer(Compiled("k", "vi", "s", "", text, text, ("https://x.example/?a=1&b=2",)))
    seen = {"lead": {"name": None, "given_name": None, "company": None, **values}, "house": {"name": "An Phát"}}
    links = MessageLinks(RING, "https://m.example", 7, 5, "0" * 40, tracking="name" in values)
    return known[text].draw(seen, links), known[text].render(seen, links)


def normal(text: str) -> str:
    """As it travels."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return lines.rstrip("\n").encode("utf-8", "replace").decode()


def read(pieces: list[bytes] | None) -> str | None:
    """What a receiver reads of a part."""
    return None if pieces is None else decodestring(b"".join(pieces)).decode().replace("\r\n", "\n")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.lists(
        st.fixed_dictionaries(
            {}, optional={name: st.sampled_from(VALUES) for name in ("name", "given_name", "company")}
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_both_ways_read_the_same(text: str, leads: list[dict[str, str]]) -> None:
    """One template, several leads behind each other, with and without tracking."""
    makers: dict[str, Personalizer] = {}
    for lead in leads:
        try:
            mail, plain = both(text, lead, makers)
        except (MissingField, TemplateFailure):
            continue
        for coded, words in ((mail.coded_text, plain.text), (mail.coded_html, plain.html)):
            assert read(coded) in {None, normal(words)}
        assert mail.is_coded or mail.rendered() == plain
        quick = compose(ENVELOPE, mail.subject, mail)
        body = b"".join(quick.body)
        slow, fast = parse(write(ENVELOPE, plain)), parse(quick.head + b"\r\n" + body)
        assert quick.head.partition(b"Content-Type")[0] in write(ENVELOPE, plain)
        assert [_words(part) for part in fast.walk()] == [_words(part) for part in slow.walk()]
        assert max(map(len, body.split(b"\r\n"))) <= 76
        if quick.firm:
            assert relaxed_body(body) == body
            assert stuffed(body) == body


def _words(part: object) -> tuple[str, str]:
    data = part.get_payload(decode=True)  # type: ignore[attr-defined]
    kind = part.get_content_type()  # type: ignore[attr-defined]
    return kind, "" if data is None else data.decode().replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize(
    "text", ["Chào {{ lead.name }},\n\n{{ house.name }}\n", "{{ lead.name }}", "a {{ lead.name }} "]
)
def test_usual_mails_go_the_quick_way(text: str) -> None:
    """In both parts, for every usual name; nobody has to look twice."""
    for name in ("Minh", "Nguyễn Thị Ánh", "O'Brien"):
        mail = drawn(text, {"name": name})
        assert read(mail.coded_text) == normal(mail.text)
        assert read(mail.coded_html) == normal(mail.html)
        assert compose(ENVELOPE, "s", mail).firm


@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", " a", "a ", "\ue000"])
def test_a_value_that_changes_what_is_around_it_goes_the_slow_way(name: str) -> None:
    """Blank lines and blanks at ends of lines are tidied over values and words alike."""
    assert drawn("Chào\n{{ lead.name }}\n.\n", {"name": name}).coded_text is None


def test_words_in_other_letters_are_base64_as_before() -> None:
    """Their quoted-printable would be three times as long."""
    mail = drawn("Здравствуйте, {{ lead.name }}! Спасибо, что пришли на урок.", {"name": "a"})
    assert mail.coded_text is None
    assert b"".join(compose(ENVELOPE, "s", mail).body) == write(ENVELOPE, mail.rendered()).partition(b"\r\n\r\n")[2]


def test_files_follow_either_way() -> None:
    """Byte for byte."""
    mail = drawn("Chào {{ lead.name }}", {"name": "Minh"})
    quick = compose(ENVELOPE, "s", mail, FILES)
    found = list(parse(quick.head + b"\r\n" + b"".join(quick.body)).iter_attachments())
    assert [part.get_payload(decode=True) for part in found] == [one.data for one in FILES]


def test_a_mail_without_html_is_one_part() -> None:
    """Whatever the way it is written."""
    maker = Personalizer(Compiled("k", "vi", "s", "", "", "Chào {{ lead.name }}"))
    mail = maker.draw({"lead": {"name": "Minh"}}, MessageLinks(RING, "https://m.example", 7, tracking=False))
    quick = compose(replace(ENVELOPE, unsubscribe_url=""), "s", mail)
    assert parse(quick.head + b"\r\n" + b"".join(quick.body)).get_content_type() == "text/plain"


def test_what_is_kept_stays_small() -> None:
    """However many values and shapes there are."""
    stencil = Stencil(["a", *map(str, range(100, 200))], str)
    for number in range(3_000):
        shape = ["a", str(100 + number % 100), f"Minh {number}", str(100 + number % 7)]
        assert read(stencil.coded(shape, {})) == "".join(shape)
    assert len(stencil._plans) <= 16
    assert len(stencil._values) <= 1_024


def test_a_letter_has_its_own_stamps() -> None:
    """One after the other by the same email, and for another house in between."""
    other = new_ring()
    maker = Personalizer(Compiled("k", "vi", "s", "", "{{ _l0 }}", "{{ _l0 }}", ("https://x.example/?a=1&b=2",)))
    for ring, message in ((RING, 7), (RING, 8), (other, 8), (RING, 9)):
        links = MessageLinks(ring, "https://m.example", message, 5, "0" * 40)
        mail = maker.draw({}, links)
        assert read(mail.coded_html) == links.click(0, "https://x.example/?a=1&b=2") == maker.render({}, links).html
        token = str(read(mail.coded_text)).rpartition("/")[2]
        assert read_click(ring, token) == Click(message, 0, "https://x.example/?a=1&b=2")


def test_a_mail_in_other_letters_is_not_tried_twice_for_ever() -> None:
    """After some letters the quick way is left alone, and nothing reads otherwise."""
    text = "Здравствуйте! " * 20 + "{{ _l0 }}"
    maker = Personalizer(Compiled("k", "ru", "s", "", "", text, ("https://x.example/",)))
    for message in range(1, 250):
        links = MessageLinks(RING, "https://m.example", message)
        assert maker.draw({}, links).text == maker.render({}, links).text
