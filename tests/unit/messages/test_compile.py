"""Compiling emails."""

import re
from dataclasses import dataclass, replace
from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.messages.compile import compile_email
from nurture.messages.model import Compiled
from nurture.messages.personalize import Personalizer, Rendered
from nurture.messages.source import Shared, Source

LAYOUT = """<!DOCTYPE html>
<html><head><title>{{ house.name }}</title>
<style>p { color: #123456 } .x { color: red !important } @media (max-width: 480px) { p { color: blue } }</style>
</head><body>
<!-- a note of the author's about {{ lead.company }} -->
<!--[if mso]><table><tr><td><![endif]-->
[[body]]
<p><a href="{{ unsubscribe_url }}">Từ chối</a></p>
</body></html>"""
SHARED = Shared(
    {"default.html": LAYOUT, "bare.html": "[[body]]"}, {"button.html": '<a class="x" href="[[url]]">[[label]]</a>'}
)
LEAD = {"name": "Minh", "given_name": "Minh", "honorific": "anh", "company": "", "public_id": "k3", "fields": {}}
VALUES: dict[str, Any] = {"lead": LEAD, "house": {"name": "An Phát", "address": "", "email": "a@b.example"}}


@dataclass(frozen=True, slots=True)
class Plain:
    """Links that are left as they are."""

    def click(self, position: int, target: str) -> str:
        return target

    def pixel(self) -> str:
        return ""

    def trap(self) -> str:
        return ""

    def unsubscribe(self) -> str:
        return "https://m.example/u/1"


def compiled(
    body: str, *, kind: str = "html", text: str | None = None, shared: Shared = SHARED, **more: str
) -> Compiled:
    """An email with this body."""
    source = Source("hello", "vi", more.get("subject", "Chào"), more.get("preheader", ""), body, kind, text, "hello/vi")
    return compile_email(source, shared)


def mail(body: str, values: dict[str, Any] | None = None, **more: Any) -> Rendered:
    """The email with this body for one lead, without tracking."""
    return Personalizer(compiled(body, **more)).render(values or VALUES, Plain())


def problems(body: str, **more: Any) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(DefinitionError) as caught:
        compiled(body, **more)
    return [problem.text() for problem in caught.value.problems]


def test_css_is_inlined_and_media_queries_stay() -> None:
    """What is important stays in the head as well, so that media queries can still overrule what was inlined."""
    page = mail('<p class="x">a</p>').html

    assert '<p class="x" style="color: red">a</p>' in page
    assert ".x { color: red !important }" in page
    assert "@media (max-width: 480px)" in page
    assert page.count("<html") == 1


def test_the_doctype_and_comments_stay_and_templates_put_aside_go() -> None:
    """What mail clients act on is kept, and what an author noted; a comment with fields inside is not sent."""
    page = mail("<p>a</p><!-- a word -->").html

    assert page.startswith("<!DOCTYPE html>")
    assert "<!--[if mso]><table><tr><td><![endif]-->" in page
    assert "<!-- a word -->" in page
    assert "a note" not in page


TARGETS = [
    ("https://x.example/?a=1&amp;b=2", "https://x.example/?a=1&b=2"),
    ("https://x.example/?a=1&b=2", "https://x.example/?a=1&b=2"),
    ("https://x.example/?a=1&copy=2", "https://x.example/?a=1&copy=2"),
    ("https://x.example/?a=1&copy;=2", "https://x.example/?a=1©=2"),
    ("https://x.example/b%E1%BA%A3ng-gi%C3%A1/%2F", "https://x.example/b%E1%BA%A3ng-gi%C3%A1/%2F"),
    ("https://x.example/bảng-giá?q=áo dài".replace(" ", "+"), "https://x.example/bảng-giá?q=áo+dài"),
    (
        "HTTPS://X.Example/A?utm_source=email&amp;utm_campaign=welcome#top",
        "HTTPS://X.Example/A?utm_source=email&utm_campaign=welcome#top",
    ),
    ("http://x.example", "http://x.example"),
    ("https://x.example/'(a)'~*;,[]", "https://x.example/'(a)'~*;,[]"),
]


@pytest.mark.parametrize(("written", "target"), TARGETS)
def test_a_link_is_kept_byte_for_byte(written: str, target: str) -> None:
    """Entities are read as a browser reads them; nothing else changes."""
    email = compiled(f'<p><a href="{written}">a</a></p>')

    assert email.links == (target,)
    assert f'href="{written}"' not in email.html
    assert Personalizer(email).render(VALUES, Plain()).text.startswith(f"a <{target}>")


def test_markdown_keeps_links_byte_for_byte_too() -> None:
    """Markdown would encode them again."""
    assert compiled("[a](https://x.example/bảng?a=1&b=%2F)", kind="md").links == ("https://x.example/bảng?a=1&b=%2F",)


def test_each_target_has_one_slot_in_html_and_text() -> None:
    """Counted once, wherever it stands."""
    body = '<a href="https://x.example/1">a</a> <a href="https://x.example/2">b</a> <a href="https://x.example/1">c</a>'

    email = compiled(body, text="https://x.example/2. (https://x.example/3)\n")

    assert email.links == ("https://x.example/1", "https://x.example/2", "https://x.example/3")
    assert email.text == "{{ _l1 }}. ({{ _l2 }})\n"


def test_what_is_not_the_web_is_not_tracked() -> None:
    """Addresses to write to, numbers to call, places in the mail, and the way out."""
    body = (
        '<a href="mailto:a@b.example?subject=x&amp;y">a</a><a href="tel:+84">b</a><a href="#top">c</a><a name="d">d</a>'
    )

    email = compiled(body)

    assert email.links == ()
    assert 'href="mailto:a@b.example?subject=x&amp;y"' in email.html
    assert 'href="{{ unsubscribe_url }}"' in email.html
    assert email.can_unsubscribe


def test_links_in_outlook_comments_are_slots_too() -> None:
    """Outlook's buttons lead the same way."""
    body = '<!--[if mso]><v:roundrect href="https://x.example/1" arcsize="10%"><![endif]--><a href="https://x.example/1">a</a>'

    email = compiled(body)

    assert email.html.count("{{ _l0 }}") == 2


def test_a_link_with_fields_is_put_together_where_it_stands() -> None:
    """Loop names and conditions reach it; a lead that never gets there needs no value."""
    link = '<a href="https://x.example/{{ one }}?c={{ lead.fields.code }}">a</a>'
    body = f"{{% for one in lead.fields.rows %}}<p>{link}</p>{{% endfor %}}"
    rows = {"lead": {**LEAD, "fields": {"rows": ["a", "b c"], "code": "7"}}, "house": VALUES["house"]}

    assert 'href="https://x.example/b%20c?c=7"' in mail(body, rows).html
    assert compiled(body).links == ("https://x.example/{{ one }}?c={{ lead.fields.code }}",)
    assert "https://x.example" not in mail(body).html


@pytest.mark.parametrize(
    ("around", "opened", "closed"),
    [("table", "<tr><td>", "</td></tr>"), ("ul", "<li>", "</li>"), ("p", "<b>", "</b>"), ("div", "<p>", "</p>")],
)
def test_conditions_stay_where_they_stood(around: str, opened: str, closed: str) -> None:
    """Even between table rows, where a parser would throw text out."""
    either = f"{{% if lead.company %}}{opened}yes{closed}{{% else %}}{opened}no{closed}{{% endif %}}"
    body = f"<{around}>{either}</{around}>"

    page = mail(body)

    assert "no" in page.html
    assert "yes" not in page.html
    assert "no" in page.text


def test_expressions_with_markup_inside_survive_the_inliner() -> None:
    """Quotes, angle brackets and ampersands of Jinja are no HTML."""
    body = "<p title=\"{{ lead.company or 'a & b' }}\">{{ 'a < b' if 1 < 2 and lead.name != \"x\" }}</p>"

    assert '<p title="a &amp; b" style="color:#123456">a &lt; b</p>' in mail(body).html.replace("color: ", "color:")


def test_the_preheader_is_hidden_at_the_top_and_not_in_the_text() -> None:
    """Its own markup is text."""
    page = mail("<p>b</p>", preheader="Ba & <b> {{ lead.name }}")

    assert re.search(r"<body[^>]*><div style=\"display:none[^>]*>Ba &amp; &lt;b&gt; Minh", page.html)
    assert page.preheader == "Ba & <b> Minh"
    assert "Ba" not in page.text


def test_the_pixel_stands_last() -> None:
    """Only where there is one."""
    assert compiled("<p>a</p>").html.endswith("{% endif %}</body></html>")


def test_a_hidden_link_stands_first_where_no_person_finds_it() -> None:
    """Not shown, not read aloud, not reached by keys, without a word; after the preheader, before the way out."""
    page = compiled("<p>a</p>", preheader="Ba").html
    at = page.index("{% if _trap %}")
    block = page[at : page.index("{% endif %}", at)]
    assert re.search(r"<body[^>]*><div style=\"display:none", page)
    assert page.index("Ba") < at < page.index("<p")
    assert all(word in block for word in ("display:none", "mso-hide:all", 'aria-hidden="true"', 'tabindex="-1"'))
    assert re.sub(r"<[^>]+>|\{%.*?%\}", "", block) == ""
    assert "_trap" not in compiled("<p>a</p>").text


def test_the_text_part_reads_like_a_letter() -> None:
    """Lists, links, layout tables as lines; nothing of the head."""
    body = (
        "<h1>Chào {{ lead.name }}</h1><ul><li>một</li><li>hai</li></ul>"
        '<table role="presentation"><tr><td>Gọi</td><td><a href="tel:+84">0901</a></td></tr></table>'
        '<p data-text="none">không có</p><p>Xem <a href="https://x.example/">bảng <b>giá</b></a> nhé</p>'
        '<p><a href="https://x.example/">https://x.example/</a></p>'
    )

    text = mail(body).text

    assert text == (
        "Chào Minh\n\n* một\n* hai\n\nGọi: 0901\n\nXem bảng giá <https://x.example/> nhé\n\nhttps://x.example/\n\n"
        "Từ chối <https://m.example/u/1>\n"
    )


def test_parts_are_filled_before_anything_else() -> None:
    """So that their CSS is inlined and their links are slots."""
    email = compiled('{% part "button" url="https://x.example/?a=1&amp;b=2" label="Xem {{ lead.name }}" %}')

    assert email.links == ("https://x.example/?a=1&b=2",)
    assert "red !important" in email.html


def test_layouts_share_a_head_that_knows_the_language() -> None:
    """A layout hands its places on to a part."""
    layout = '{% part "head" language="[[language]]" %}<title>x</title></head><body>[[body]]</body></html>'
    shared = Shared({"default.html": layout}, {"head.html": '<!DOCTYPE html>\n<html lang="[[language]]"><head>\n'})

    assert compiled("<p>a</p>", shared=shared).html.startswith('<!DOCTYPE html>\n<html lang="vi"><head>')


def test_the_hash_follows_the_content() -> None:
    """The same email is the same revision; another word is another."""
    assert compiled("<p>a</p>").hash == compiled("<p>a</p>").hash
    assert compiled("<p>a</p>").hash != compiled("<p>b</p>").hash
    assert compiled("<p>a</p>").hash != compiled("<p>a</p>", subject="x").hash


def test_a_compiled_email_survives_json() -> None:
    """It is stored so."""
    email = compiled('<a href="https://x.example/">a</a> {{ lead.fields.size }}')

    assert Compiled.from_json(email.to_json()) == email
    assert "lead.fields.size" in email.reads


WRONG = [
    ("<p>\n{{ lead.nmae }}</p>", "hello/vi/body.html:2: There is no field “lead.nmae”"),
    ("<p>{{ alert.url }}</p>", "There is no field “alert.url”"),
    ("a\n{% if x", "hello/vi/body.html:2: The template is not right"),
    ("{{ lead.name.upper() }}", "calls cannot be used in emails"),
    ("{{ lead.name | tojson }}", "no filter named 'tojson'|there is no “tojson”"),
    ("{% include 'x' %}", "“include” cannot be used"),
    ("a\n\n{% part \"nothing\" %}", "hello/vi/body.html:3: There is no part “nothing”"),
    ('{% part "button" url="https://x.example/" %}', "differ in: label"),
    ("{% part button %}", "The part is not written right"),
    ("{# layout: gone #}\nx", "There is no layout “gone.html”"),
    ("<a href=\"javascript:alert(1)\">a</a>", "“javascript:alert\\(1\\)” is not a link"),
    ('<a href="/vi">a</a>', "“/vi” is not a link"),
    ('<a href="">a</a>', "“” is not a link"),
    ('<a href="https://">a</a>', "is not a link"),
    ('<a href="https://x.example/a b">a</a>', "is not a link"),
    ('<a href="{{ unsubscribe_url }}?x=1">a</a>', "cannot be put together"),
    ('<a href="https://x.example/{% if 1 %}a{% endif %}">a</a>', "A condition stands inside a tag"),
    ("<p {% if 1 %}class=\"a\"{% endif %}>a</p>", "A condition stands inside a tag"),
    ("<p title={{ lead.name }}>a</p>", "cannot stand in the attribute “title”"),
    ('<p class="{{ lead.name }}">a</p>', "cannot stand in the attribute “class”"),
    ('<p onclick="x()">a</p>', "Scripts do not run in emails"),
    ("<script>1</script>", "Scripts do not run in emails"),
    ("<style>p { color: {{ lead.name }} }</style>", "Fields cannot stand in styles"),
    ('<img src="/logo.png" alt="">', "“/logo.png” cannot be loaded"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "finding"), WRONG, ids=[body[:30] for body, _ in WRONG])
def test_what_is_wrong_is_said_with_its_place(body: str, finding: str) -> None:
    """At publish, not at the first lead."""
    assert re.search(finding, "\n".join(problems(body)))


def test_all_that_is_wrong_is_said_at_once() -> None:
    """One round of mending is enough."""
    found = problems('<a href="x">a</a><p onclick="1">{{ 1 }}</p><script></script>')

    assert len(found) == 3


def test_markdown_findings_have_the_authors_lines() -> None:
    """Not those of the HTML made of it."""
    assert problems('# a\n\nb\n\n{% part "gone" %}\n', kind="md") == [
        "hello/vi/body.md:5: There is no part “gone” (Name a file of _parts)"
    ]


def test_staff_mails_may_ask_for_what_the_alert_brings() -> None:
    """Leads' mails may not."""
    source = Source("staff_hot_lead", "vi", "s", "", "<p>{{ alert.product }}</p>", "html", None, "staff_hot_lead/vi")

    email = compile_email(source, replace(SHARED, layouts={"default.html": "<html><body>[[body]]</body></html>"}))

    assert email.reads == ("alert.product",)


def test_words_that_look_like_masks_stay_words() -> None:
    """Nothing an author writes is taken for something of ours."""
    assert "zqj7jqz zqu9uqz" in mail("<p>zqj7jqz zqu9uqz</p>").html
