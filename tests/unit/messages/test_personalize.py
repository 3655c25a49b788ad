"""Personalizing a compiled email."""

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from nurture.messages.model import Compiled
from nurture.messages.personalize import MissingField, Personalizer, Rendered, TemplateFailure


@dataclass(frozen=True, slots=True)
class Plain:
    """Links that tell what they were asked for."""

    tracking: bool = True
    refusal: str = "https://m.example/u/1"

    def click(self, position: int, target: str) -> str:
        return f"https://m.example/c/{position}" if self.tracking else target

    def pixel(self) -> str:
        return "https://m.example/o/1" if self.tracking else ""

    def trap(self) -> str:
        return "https://m.example/c/trap" if self.tracking else ""

    def unsubscribe(self) -> str:
        return self.refusal


def lead(**more: Any) -> dict[str, Any]:
    """A lead's values."""
    known = {"name": "Nguyễn Văn Minh", "given_name": "Minh", "honorific": "anh", "company": "", "fields": {}}
    return {"lead": {**known, **more}}


def render(text: str, values: dict[str, Any] | None = None, *, language: str = "vi", links: Plain | None = None) -> str:
    """What this text becomes in the text part."""
    return rendered(Compiled("k", language, "s", "", "", text), values, links).text.removesuffix("\n")


def rendered(compiled: Compiled, values: dict[str, Any] | None = None, links: Plain | None = None) -> Rendered:
    """The whole mail."""
    return Personalizer(compiled).render(lead() if values is None else values, links or Plain())


@pytest.mark.parametrize(
    ("language", "given_name", "honorific", "greeting"),
    [
        ("vi", "Minh", "anh", "Chào anh Minh"),
        ("vi", "Mai", "chị", "Chào chị Mai"),
        ("vi", "Minh", "", "Chào anh/chị Minh"),  # the name alone would be curt
        ("vi", "", "chị", "Chào chị"),
        ("vi", "", "", "Chào anh/chị"),
        ("vi", None, None, "Chào anh/chị"),
        ("en", "Minh", "anh", "Hello Minh"),
        ("en", "", "", "Hello"),
    ],
)
def test_a_greeting_says_what_is_known(language: str, given_name: str, honorific: str, greeting: str) -> None:
    """And is polite about what is not."""
    values = lead(given_name=given_name, honorific=honorific)

    assert render("{{ lead | greeting }}", values, language=language) == greeting


HOSTILE = ["{{ 7*7 }}", "{% for x in range(9) %}x{% endfor %}", "{{ lead.fields }}", "{# gone #}", "${7*7}"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_value_is_never_a_template(name: str) -> None:
    """Jinja in a name stays text, in subject, text and HTML."""
    mail = rendered(
        Compiled("k", "vi", "{{ lead.name }}", "", "<p>{{ lead.name }}</p>", "{{ lead.name }}"), lead(name=name)
    )

    assert mail.subject == name
    assert mail.text == name + "\n"
    assert mail.html == f"<p>{name}</p>"


def test_html_is_escaped_and_text_is_not() -> None:
    """A name with markup shows as it is written, everywhere."""
    name = "<script>alert('1')</script>"
    mail = rendered(
        Compiled("k", "vi", "{{ lead.name }}", "", "<p>{{ lead.name }}</p>", "{{ lead.name }}"), lead(name=name)
    )

    assert mail.html == "<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;</p>"
    assert (mail.subject, mail.text) == (name, name + "\n")


def test_a_subject_is_one_line() -> None:
    """A line break in a name does not make two."""
    compiled = Compiled("k", "vi", "Chào\n{{ lead.name }}", "{{ lead.name }}", "", "")

    mail = rendered(compiled, lead(name="a\r\nBcc: x@evil.test"))

    assert mail.subject == "Chào a Bcc: x@evil.test"
    assert mail.preheader == "a Bcc: x@evil.test"


@pytest.mark.parametrize(
    "text",
    [
        "{{ lead.company }}",
        "{{ lead.company | upper }}",
        "{{ lead.fields.size }}",
        "{{ lead.fields.size + 1 }}",
        "{% if lead.fields.size > 3 %}x{% endif %}",
        "{{ lead.fields.a.b }}",
    ],
)
def test_a_missing_value_without_fallback_is_named(text: str) -> None:
    """So that the message is skipped with the field as its reason."""
    with pytest.raises(MissingField) as caught:
        render(text)

    assert caught.value.field in {"lead.company", "lead.fields.size", "lead.fields.a"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{ lead.company or 'bạn' }}", "bạn"),
        ("{{ lead.company | default('bạn') }}", "bạn"),
        ("{% if lead.company %}x{% else %}y{% endif %}", "y"),
        ("{{ 'y' if lead.fields.none is defined else 'n' }}", "n"),
        ("{% for one in lead.fields.list %}x{% endfor %}", ""),
        ("{{ lead.fields.zero }}", "0"),
        ("{{ lead['name'] }}", "Nguyễn Văn Minh"),
        ("{{ lead.fields.items }}", "three"),  # a field's name, not a method
        ("{{ lead.fields.rows[1].a }}", "2"),
        ("{% for row in lead.fields.rows %}{{ loop.index }}{{ row.a }} {% endfor %}", "11 22"),
        ("{{ lead.fields.mobile | phone }} {{ lead.fields.abroad | phone }}", "0901 234 567 +442079460018"),
        ("{{ '2026-11-24' | day }}; {{ 'mai' | day }}", "Thứ Ba, 24/11/2026; mai"),
        ("{{ (lead.honorific or 'anh/chị') | capitalize }}", "Anh"),
    ],
)
def test_fallbacks_conditions_and_loops_work(text: str, shown: str) -> None:
    """With values and without."""
    values = lead(
        fields={
            "zero": 0,
            "items": "three",
            "mobile": "+84901234567",
            "abroad": "+442079460018",
            "rows": [{"a": 1}, {"a": 2}],
        }
    )

    assert render(text, values) == shown


@pytest.mark.parametrize(
    "text",
    [
        "{{ lead.nmae }}",
        "{{ nobody }}",
        "{{ lead }}",
        "{{ lead.name.upper() }}",
        "{{ lead.name.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ lead.__init__ }}",
        "{{ range(100000) | join }}",
        "{{ 'a' * 1000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999s' % 1 }}",
        "{{ 1 / 0 }}",
        "{% for a in range(900) %}{% for b in range(900) %}0123456789{% endfor %}{% endfor %}",
        "{% set x = lead.name ~ lead.name %}{{ x }}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{{ lead.name | center(100000000) }}",
        "{{ lead.name | attr('__class__') }}",
        "{{ cycler('a') }}",
        "{% if %}",
        "{% for a in range(2) %}{% for b in range(2) %}{% for c in range(2) %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(200) %}{% for b in range(200) %}{% endfor %}{% endfor %}",
        "{% set a = 'xxxxxxxxxx' %}" + "{% set a = a + a %}" * 8 + "{{ a | join(a) | length }}",
        "{{ 1 | round(300, 'ceil') }}",
        "{% autoescape false %}{{ lead.name }}{% endautoescape %}",
        "{% set _turns = 1 %}",
        "{% set _link = 1 %}",
        "{{ lead.name | truncate(1) }}",
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
    ],
)
def test_what_a_template_may_not_do_fails_cleanly(text: str) -> None:
    """No reach into Python, no growth without bounds, no misspelt field that nobody notices."""
    with pytest.raises(TemplateFailure):
        render(text)


def test_links_become_slots_and_the_pixel_stands_at_the_end() -> None:
    """The lead's own links, in HTML and text."""
    html = '<a href="{{ _l0 }}">x</a>{% if _pixel %}<img src="{{ _pixel }}">{% endif %}'
    compiled = Compiled("k", "vi", "s", "", html, "{{ _l0 }} {{ unsubscribe_url }}", ("https://x.example/?a=1&b=2",))

    mail = rendered(compiled)

    assert mail.html == '<a href="https://m.example/c/0">x</a><img src="https://m.example/o/1">'
    assert mail.text == "https://m.example/c/0 https://m.example/u/1\n"


def test_without_tracking_there_is_no_hidden_link() -> None:
    """It tells machines from people; where nobody looks, there is nothing to tell."""
    html = '{% if _trap %}<a href="{{ _trap }}"></a>{% endif %}'
    compiled = Compiled("k", "vi", "s", "", html, "x")
    assert rendered(compiled).html == '<a href="https://m.example/c/trap"></a>'
    assert rendered(compiled, links=Plain(tracking=False)).html == ""


def test_without_tracking_links_are_plain_and_there_is_no_pixel() -> None:
    """In HTML the address is escaped, in text it is not."""
    html = '<a href="{{ _l0 }}">x</a>{% if _pixel %}<img src="{{ _pixel }}">{% endif %}'
    compiled = Compiled("k", "vi", "s", "", html, "{{ _l0 }}", ("https://x.example/?a=1&b=2",))

    mail = rendered(compiled, links=Plain(tracking=False))

    assert mail.html == '<a href="https://x.example/?a=1&amp;b=2">x</a>'
    assert mail.text == "https://x.example/?a=1&b=2\n"


def test_a_link_with_fields_is_made_for_each_lead() -> None:
    """Where a value would break the address, it is encoded."""
    text = "{{ _link(0, 'https://x.example/?n=', (lead.name)) }}"
    compiled = Compiled("k", "vi", "s", "", "", text, ("https://x.example/?n={{ lead.name }}",))

    mail = rendered(compiled, lead(name='a b"<\r\n>'), Plain(tracking=False))

    assert mail.text == "https://x.example/?n=a%20b%22%3C%0D%0A%3E\n"


@pytest.mark.parametrize("site", ["javascript:alert(1)", "data:text/html,x", "//x.example", "x"])
def test_a_link_made_of_a_value_is_http_or_nothing(site: str) -> None:
    """A lead's value cannot bring another scheme in."""
    compiled = Compiled("k", "vi", "s", "", "", "{{ _link(0, (lead.fields.site)) }}", ("{{ lead.fields.site }}",))

    with pytest.raises(TemplateFailure, match="not an http"):
        rendered(compiled, lead(fields={"site": site}))


def test_an_unsubscribe_link_that_is_not_there_is_missing() -> None:
    """A mail that needs one cannot go without."""
    with pytest.raises(MissingField, match="unsubscribe_url"):
        render("{{ unsubscribe_url }}", links=Plain(refusal=""))


def test_conditions_leave_no_pile_of_blank_lines() -> None:
    """Nor blanks at the ends of lines."""
    assert render("a \n\n{% if false %}b{% endif %}\n\n{% if false %}c{% endif %}\n\nd\n\n") == "a\n\nd"


def test_a_sender_needs_neither_database_nor_compiler() -> None:
    """What a sender imports of messages is the standard library, jinja2 and our own small ground."""
    program = (
        "import sys; import nurture.messages.personalize, nurture.messages.mime, nurture.messages.links;"
        "print([m for m in ('sqlalchemy', 'premailer', 'lxml', 'flask', 'babel', 'email.message') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
