"""Texts are templates as emails are; what a lead is called is never one."""

import pytest

from nurture.outbound.text import MissingField, TemplateFailure, check, least, render

LEAD = {
    "name": "Nguyễn Văn An",
    "given_name": "An",
    "honorific": "anh",
    "email": "",
    "phone": "+84901234567",
    "phone_shown": "0901 234 567",
    "company": "",
    "city": "Huế",
    "public_id": "x",
    "fields": {"course": "IELTS"},
}
NOBODY = dict.fromkeys(("name", "given_name", "honorific", "email", "phone", "phone_shown"), "")
VALUES = {
    "lead": LEAD,
    "owner": NOBODY,
    "company": {"name": None, "domain": None, "size": None},
    "house": {"name": "An Phát", "address": "", "email": "a@b.vn"},
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ lead|greeting }}, lớp {{ lead.fields.course }} mở", "Chào anh An, lớp IELTS mở"),
        ("{{ lead.company|default('bạn') }} ơi", "bạn ơi"),
        ("{% if lead.city %}Ở {{ lead.city }}{% endif %}", "Ở Huế"),
        ("  một\r\n  hai  ba ", "một\nhai ba"),
    ],
)
def test_fields_are_filled_in(text: str, said: str) -> None:
    """As in emails, without HTML."""
    assert render("vi", text, VALUES) == said


def test_a_missing_field_without_fallback_is_said() -> None:
    """By its name."""
    with pytest.raises(MissingField) as caught:
        render("vi", "{{ lead.company }}", VALUES)
    assert caught.value.field == "lead.company"


@pytest.mark.parametrize("name", ["{{ 7 * 7 }}", "{% for x in y %}", "{{ config }}", "{{ ''.__class__ }}", "%s {0}"])
def test_a_lead_s_name_is_no_template(name: str) -> None:
    """It stays the text that it is."""
    values = {**VALUES, "lead": {**LEAD, "given_name": name}}
    assert render("vi", "Chào {{ lead.given_name }}", values) == f"Chào {' '.join(name.split())}"


@pytest.mark.parametrize(
    "text", ["lead.name" + "|upper" * 150, "1" + "+1" * 480, "-" * 900 + "1", "(" * 480 + "1" + ")" * 480]
)
def test_a_text_nested_too_deep_is_refused_when_it_is_read(text: str) -> None:
    """Before Python needs minutes to compile it; and never with an error that stops other leads."""
    source = f"{{{{ {text} }}}}"
    assert check("vi", source) == "this is nested too deep"
    with pytest.raises(TemplateFailure):
        render("vi", source, VALUES)
    assert check("vi", "{{ lead.name" + "|upper" * 30 + " }}") == ""


def test_a_lead_s_name_adds_no_line_and_turns_nothing_around() -> None:
    """Control characters become blanks."""
    values = {**VALUES, "lead": {**LEAD, "given_name": "An\x00\x1b[31m\u202egnort"}}
    assert render("vi", "{{ lead.given_name }}!", values) == "An [31mgnort!"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{{ lead.name", id="not closed"),
        pytest.param("{{ lead.nmae }}", id="a slip of the pen"),
        pytest.param("{{ custommer.name }}", id="no such group"),
        pytest.param("{{ lead.name.upper() }}", id="a call"),
        pytest.param("{% include 'x' %}", id="an include"),
        pytest.param("{{ lead.name|safe }}", id="no such filter"),
    ],
)
def test_what_cannot_be_filled_in_is_found_before(text: str) -> None:
    """Without a lead."""
    assert check("vi", text)
    assert check("vi", "{{ lead.fields.any }} {{ owner.name|default('') }} {{ range(3)|join }}") == ""


@pytest.mark.parametrize("text", ["{{ lead.__class__ }}", "{% for a in range(900) %}{{ lead.name }}{% endfor %}"])
def test_what_reaches_too_far_fails(text: str) -> None:
    """Into Python, or into too many letters."""
    with pytest.raises(TemplateFailure):
        render("vi", text, VALUES)


def test_the_least_size_counts_the_author_s_words() -> None:
    """Fields come on top."""
    assert least("a" * 161 + "{{ lead.name }}").parts == 2
    assert least("{{ lead.name }}").parts == 0
