"""Templates made to take all time or memory there is: each ends soon, and says why."""

import time

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.messages.compile import compile_email
from nurture.messages.links import PlainLinks
from nurture.messages.personalize import Personalizer, TemplateFailure
from nurture.messages.source import Shared, Source

SHARED = Shared(
    {"default.html": "<html><body>[[body]]</body></html>", "default.mjml": "<mjml><mj-body>[[body]]</mj-body></mjml>"}
)
SECONDS = 4.0  # on a busy machine; each takes a fraction of it, and would take minutes without its bound
LOOP = "{% for x in range(900) %}"
LOOPS = "{% for x in range(900) %}{% for y in range(19) %}"
END = "{% endfor %}"

ENDLESS = {
    "filters that read much, often": "{% set b = '" + "<!-- -->" * 9000 + "' %}" + LOOP + "{{ b | striptags }}" + END,
    "texts that are joined": "{% set b = '" + "x" * 40_000 + "' %}" + LOOPS + "{% if b + b %}{% endif %}" + END * 2,
    "a long body of a loop": LOOPS + "{% if lead.name %}{% endif %}" * 250 + END * 2,
    "words that say nothing": LOOPS + "{{ '' }}" * 1500 + END * 2,
    "a list of everything": "{% set a = [" + "1," * 20_000 + "] %}" + LOOP + "{% if 2 in a %}{% endif %}" + END,
    "joins of joins": "{% set a = range(1000) | join(range(1000) | join) %}{{ a }}",
    "large numbers": "{{ 10 ** 10 ** 10 }}",
    "output": LOOP + "x" * 20_000 + END,
    "padding": "{{ lead.name | center(1000000000) }}",
    "comments nobody ends": "<!--" * 40_000,
    "styles nobody ends": "<style>" * 25_000,
    "styles without end": "<style>" + "b{c:d}@media x{b{c:e}}" * 700 + "</style>" + "<b>" * 2000,
}


@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_would_not_end_is_refused_soon(body: str) -> None:
    """At check, or with the first lead."""
    begun = time.process_time()

    with pytest.raises((DefinitionError, TemplateFailure)):
        render(body)

    assert time.process_time() - begun < SECONDS


MJML = {
    "components nobody ends": "<mj-text>" * 15_000,
    "comments nobody ends": "<!--" * 30_000,
    "depth": "<mj-wrapper>" * 15_000,
    "very many": "<mj-section><mj-column>" + "<mj-text>a</mj-text>" * 6000 + "</mj-column></mj-section>",
}


@pytest.mark.parametrize("body", MJML.values(), ids=MJML.keys())
def test_mjml_without_end_is_refused_soon(body: str) -> None:
    """Before its compiler sees it, or when it has grown too long."""
    begun = time.process_time()

    with pytest.raises(DefinitionError):
        render(body, "mjml")

    assert time.process_time() - begun < SECONDS


ODD = {
    "tags nobody ends": "<a " * 30_000,
    "quotes nobody ends": "<a href='" * 15_000,
    "many comments": "<!---->" * 10_000,
    "attributes": "<b " + "a=b " * 20_000 + ">",
    "depth": "<b>" * 15_000,
    "selectors": "<style>" + "a," * 20_000 + "b{c:d}</style><b>",
    "strings in styles": "<style>" + "'" * 99_999 + "</style>",
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_odd_markup_takes_no_more_time_than_its_length(body: str) -> None:
    """It is kept as it is."""
    begun = time.process_time()

    assert render(body)

    assert time.process_time() - begun < SECONDS


@pytest.mark.parametrize("body", ["[" * 20_000, "[a](" * 9000, "`a" * 15_000, ">" * 30_000, "*a " * 15_000])
def test_odd_markdown_ends_soon(body: str) -> None:
    """Nested or not."""
    begun = time.process_time()

    assert render(body, "md")

    assert time.process_time() - begun < SECONDS


def render(body: str, kind: str = "html") -> str:
    """The HTML one lead gets."""
    email = compile_email(Source("a", "vi", "s", "", body, kind, None, "a/vi"), SHARED)
    return Personalizer(email).render({"lead": {"name": "Mai", "fields": {}}}, PlainLinks("https://m.example")).html
