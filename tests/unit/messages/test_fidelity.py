"""What compilation keeps of designs as they are written for mail clients, and what it says with its line."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.signing import new_ring
from nurture.messages.compile import compile_email, compile_library, unknown_fields
from nurture.messages.links import TRAP, MessageLinks, PlainLinks, read_click
from nurture.messages.masks import decoded
from nurture.messages.model import Attachment, Compiled
from nurture.messages.personalize import Personalizer, Rendered, TemplateFailure
from nurture.messages.source import Library, Shared, Source
from nurture.tracking.events.click import header_safe

LOGO = Attachment("logo 1.png", "image/png", b"\x89PNG\r\n\x1a\n123")
BAD = Problem("bad_asset", "Mail clients do not show SVG", "", "_assets/a.svg")
BARE = Shared(
    {
        "default.html": "[[body]]",
        "plain.html": "<p>[[body]]</p>",
        "default.mjml": "<mjml><mj-body>[[body]]</mj-body></mjml>",
    }
)
VALUES: dict[str, Any] = {
    "lead": {"name": "Mai", "given_name": "Mai", "company": "A & B", "public_id": "k3", "fields": {"color": "#0B5CAD"}},
    "house": {"name": "An Phát", "address": "", "email": "a@b.example"},
}
DESIGN = """<!doctype html>
<html lang="vi" xmlns:v="urn:schemas-microsoft-com:vml">
<head>
<meta http-equiv="X-UA-Compatible" content="IE=edge">
<!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript><![endif]-->
<!--[if !mso]><!--><link href="https://fonts.example/css?family=Be&display=swap" rel="stylesheet"><!--<![endif]-->
<style type="text/css">
@font-face { font-family: 'Be'; src: url('https://fonts.example/be.woff2') format('woff2'); }
@media only screen and (max-width: 480px) {#main td { width: 100% !important; }}
@media (prefers-color-scheme: dark) { .d { color: #fff !important } }
[data-ogsc] .d { color: #fff !important }
</style>
</head>
<BODY BGCOLOR=#ffffff style="margin:0">
<!-- ordinary comment: a > b -->
<![if !mso]><p>not Outlook</p><![endif]>
<!--[if gte mso 9]><v:rect fill="true" stroke="f" href="https://x.example/?a=1&amp;b=2"><v:fill type="tile" src="https://i.example/b.png"/><v:textbox><![endif]-->
<TABLE WIDTH=100% id=main cellpadding='0' background="https://i.example/bg.png?x=1&amp;y=2"><tr>
<td class="d" Title='it&#39;s &amp; "more"'>&nbsp;&zwnj;&#8204;&#x200B;&copy; 5&lt;6 &hellip; R&D
<a HREF=https://x.example/?a=1&amp;b=2 class=b>unquoted</a>
<img src="https://i.example/{{ lead.public_id }}.png?a=1&amp;b=2" alt="Chào {{ lead.given_name }} &amp; bạn"
     srcset="https://i.example/{{ lead.public_id }}@2x.png 2x, https://i.example/a.png 1x" width=20>
</td></tr></TABLE>
<!--[if gte mso 9]></v:textbox></v:rect><![endif]-->
<pre>  kept
    as it is</pre>
</BODY>
</html>
"""  # noqa: E501 - as designs are


def compiled(body: str, shared: Shared = BARE, kind: str = "html", **more: Any) -> Compiled:
    """An email with this body."""
    return compile_email(Source("hello", "vi", "Chào", "", body, kind, None, "hello/vi", **more), shared)


def mail(body: str, **more: Any) -> Rendered:
    """As one lead gets it, without tracking."""
    return Personalizer(compiled(body, **more)).render(VALUES, PlainLinks("https://m.example"))


def findings(body: str, shared: Shared = BARE, kind: str = "html", **more: Any) -> list[str]:
    """What is wrong with it."""
    with pytest.raises(DefinitionError) as caught:
        compiled(body, shared, kind, **more)
    return [problem.text() for problem in caught.value.problems]


def bare(html: str) -> str:
    """Without indentation, with the two things that are written anew: unquoted and filled addresses."""
    html = html.replace("HREF=https://x.example/?a=1&amp;b=2", 'HREF="https://x.example/?a=1&amp;b=2"')
    html = html.replace("{{ lead.public_id }}", "k3").replace("{{ lead.given_name }}", "Mai")
    return re.sub(r"\n[ \t]*(?!as it is)", "\n", html)


def test_a_design_comes_back_byte_for_byte() -> None:
    """Conditional comments of both kinds, at-rules, VML, cases, quotes, entities, preformatted text."""
    assert bare(mail(DESIGN).html) == bare(DESIGN).strip().replace("480px) {#main", "480px) { #main")


def test_links_of_a_design_have_one_slot_each_outlooks_included() -> None:
    """The same target once."""
    email = compiled(DESIGN)

    assert email.links == ("https://x.example/?a=1&b=2",)
    assert email.html.count("{{ _l0 }}") == 2


WRITTEN = [
    "https://x.example/?a=1&amp;b=2&amp;c=%26",
    "https://x.example/?a=1&b=2#frag?x=1&y",
    "https://x.example/t%C3%ACm+kiếm/áo dài".replace(" ", "%20"),
    "https://xn--bnggi-0ra.example/a;b=c,d/'(x)'!*~",
    "https://bảnggiá.example/đường?q=ă+â&amp;%E1%BA%A3=%zz",
    "https://user:pw@x.example:8443/[a]|{b}^`\\",
    "https://x.example/?u=https%3A%2F%2Fy.example%2F%3Fa%3D1%26b%3D2",
    "HTTP://X.EXAMPLE",
    "https://x.example/?a=&#39;1&#39;",
    "https://x.example/?token=abc==&&&amp;&reg=1&notit;",
    "https://x.example/#",
]


@pytest.mark.parametrize("written", WRITTEN)
def test_every_link_comes_back_byte_for_byte_from_its_token(written: str) -> None:
    """As a browser would have read it from the author's own HTML."""
    ring = new_ring()
    email = compiled(f'<p><a href="{written}">a</a></p>')

    html = Personalizer(email).render(VALUES, MessageLinks(ring, "https://m.example", 7, 3, "0" * 40)).html

    tokens = [part.partition('"')[0] for part in html.split("https://m.example/c/")[1:]]
    clicks = [read_click(ring, token) for token in tokens]
    (target,) = [click.target for click in clicks if click and click.position != TRAP]
    assert target == decoded(written)
    sent = header_safe(target)
    assert sent is not None
    assert sent == target or not target.isascii()


def test_what_an_author_writes_around_a_field_in_a_link_stays() -> None:
    """Only the value is made fit for a URL."""
    link = "https://x.example/|^`?a={{ lead.company }}&amp;b=%2F"

    assert 'href="https://x.example/|^`?a=A%20&amp;%20B&amp;b=%2F"' in mail(f'<a href="{link}">a</a>').html


def test_not_tracked_are_mails_calls_anchors_and_the_way_out() -> None:
    """In whatever case."""
    body = (
        '<a href="MAILTO:a@b.example?subject=x&amp;y">a</a><a href="tel:+84">b</a>'
        '<a href="sms:+84">c</a><a href="#d">d</a><a href="{{unsubscribe_url}}">e</a><area href="https://x.example/">'
    )

    assert compiled(body).links == ("https://x.example/",)


@pytest.mark.parametrize("value", ["#0B5CAD", "red", "12px", "50%"])
def test_a_field_may_be_a_word_of_a_style(value: str) -> None:
    """A color of one's own."""
    values = {**VALUES, "lead": {**VALUES["lead"], "fields": {"color": value}}}
    email = compiled('<p style="color: {{ lead.fields.color }}; margin:0">a</p>')

    assert f'style="color: {value}; margin:0"' in Personalizer(email).render(values, PlainLinks("")).html


@pytest.mark.parametrize(
    "value", ["red;background:url(//evil.test)", "url(x)", "expression(1)", "a\\62", '"', "a:b", "/*"]
)
def test_a_field_in_a_style_can_bring_no_more_than_a_word(value: str) -> None:
    """Whatever a lead is called."""
    values = {**VALUES, "lead": {**VALUES["lead"], "fields": {"color": value}}}
    email = compiled('<p style="color: {{ lead.fields.color }}">a</p>')

    with pytest.raises(TemplateFailure):
        Personalizer(email).render(values, PlainLinks(""))


def test_images_are_served_by_us_under_their_content() -> None:
    """Wherever they stand; an outer folder before their path lets the design be opened as a file."""
    shared = Shared({"default.html": "[[body]]"}, {}, {"logo.png": LOGO})
    body = (
        "<style>.x { background: url('_assets/logo.png') } a:hover { background:url(_assets/logo.png) }</style>"
        '<img src="_assets/logo.png" alt="a" srcset="_assets/logo.png 1x, ../../_assets/logo.png 2x">'
        '<td background="../../_assets/logo.png" style="background-image:url(_assets/logo.png)" class="x">'
        '<!--[if mso]><v:fill src="_assets/logo.png"/><![endif]-->'
    )
    email = compiled(body, shared)

    html = Personalizer(email).render(VALUES, PlainLinks("https://m.example")).html
    address = f"https://m.example/a/{LOGO.ref.hash}/logo.png"
    assert "_assets" not in html
    assert html.count(address) == 8
    assert [one.hash for one in email.assets] == [LOGO.ref.hash]


def test_what_is_shown_is_published_with_the_email() -> None:
    """And what goes with it is named in the revision."""
    shared = Shared({"default.html": "[[body]]"}, {}, {"logo.png": LOGO, "other.png": LOGO})
    source = Source("a", "vi", "s", "", '<img src="_assets/logo.png">', "html", attachments=(LOGO,))

    ((published, email),) = compile_library(Library((source,), shared))
    assert published.assets == (LOGO,)
    assert (email.assets, email.attachments) == ((LOGO.ref,), (LOGO.ref,))
    assert Compiled.from_json(email.to_json()) == email


COLUMN = "<mj-section><mj-column>x</mj-column></mj-section>"
LINES = [
    ("html", 'a\n\n<img src="_assets/gone.png">', "hello/vi/body.html:3: There is no image “gone.png”"),
    ("html", "a\n<p style='background:url(_assets/gone.png)'>", "hello/vi/body.html:2: There is no image “gone.png”"),
    ("md", "a\n\n![x](_assets/gone.png)", "hello/vi/body.md:3: There is no image “gone.png”"),
    ("html", 'a\n<img src="_assets/a.svg">', "hello/vi/body.html:2: Mail clients do not show SVG"),
    ("html", 'a\n\n<a href="/x?a&amp;b">', "hello/vi/body.html:3: “/x?a&b” is not a link"),
    ("md", "a\n\n[b](/x?a&b)", "hello/vi/body.md:3: “/x?a&b” is not a link"),
    ("html", "a\n<p onclick='x'>", "hello/vi/body.html:2: Scripts do not run"),
    ("html", "a\n<p>{{ lead.gone }}", "hello/vi/body.html:2: There is no field “lead.gone”"),
    ("html", "a\n<style>p{", "hello/vi/body.html:2: “<style” is opened and not closed"),
    ("html", "a\n<!-- b", "hello/vi/body.html:2: “<!--” is opened and not closed"),
    ("mjml", "\n<mj-section>", "hello/vi/body.mjml:2: “mj-section” is not closed"),
    ("mjml", COLUMN.replace("x", '\n<mj-image src="_assets/gone.png" />'), "body.mjml:2: There is no image"),
    ("mjml", COLUMN.replace("x", '\n\n<mj-button href="/y">a</mj-button>'), "body.mjml:3: “/y” is not a link"),
    ("txt", "a\n{{ lead.gone }}", "hello/vi/body.txt:2: There is no field “lead.gone”"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "said"), LINES, ids=[said for _, _, said in LINES])
def test_a_finding_has_the_authors_line(kind: str, body: str, said: str) -> None:
    """In whatever form the email is written."""
    shared = Shared(BARE.layouts, {}, {"a.svg": BAD})

    assert any(said in line for line in findings(body, shared, kind))


def test_lines_of_one_file_count_its_head() -> None:
    """Subject and body."""
    given = {"single": True, "lines": {"subject": 1, "body": 4}}
    source = Source("a", "vi", "{{ lead.x }}", "", "\n{{ lead.y }}\n[a](/b)", "md", None, "a/vi.md", **given)
    link = Source("a", "vi", "s", "", "\n[a](/b)", "md", None, "a/vi.md", **given)

    for one, lines in ((source, ["a/vi.md:2", "a/vi.md:6"]), (link, ["a/vi.md:6"])):
        with pytest.raises(DefinitionError) as caught:
            compile_email(one, BARE)
        assert [problem.place() for problem in caught.value.problems] == lines


def test_a_link_of_a_part_is_found_where_its_address_stands() -> None:
    """In the body that gave it, or in the part itself."""
    shared = Shared(
        BARE.layouts, {"button.html": '<a href="[[url]]">x</a>', "foot.html": '\n<b></b>\n<a href="y">y</a>'}
    )

    assert findings('a\n{% part "button" url="x y" %}\n{% part "foot" %}', shared) == [
        "hello/vi/body.html:2: “x y” is not a link that works in an email (Write the whole address, beginning with https://)",
        "_parts/foot.html:3: “y” is not a link that works in an email (Write the whole address, beginning with https://)",
    ]  # fmt: skip


def test_a_field_of_the_houses_own_must_be_defined() -> None:
    """Named where it is asked for."""
    source = Source(
        "a", "vi", "s", "", "x\n{{ lead.fields.color }} {{ lead.fields.shape or 'y' }}", "html", None, "a/vi"
    )

    (problem,) = unknown_fields(source, compile_email(source, BARE), BARE, {"color"})

    assert problem.text().startswith("a/vi/body.html:2: There is no field “lead.fields.shape”")


def test_a_text_alone_has_an_html_part_made_of_it() -> None:
    """Its text part is the author's own where a layout for text brings the way out, else made of the HTML."""
    shared = Shared({**BARE.layouts, "plain.txt": "[[body]]\n--\n{{ unsubscribe_url }}"})
    body = "Chào {{ lead.name }},\n\n| a | b |\nhttps://x.example/?a=1&b=2.\n"

    with_layout, without = mail(body, shared=shared, kind="txt"), mail(body, kind="txt")

    assert 'href="https://x.example/?a=1&amp;b=2"' in with_layout.html
    assert with_layout.text == (
        "Chào Mai,\n\n| a | b |\nhttps://x.example/?a=1&b=2.\n\n--\nhttps://m.example/u/preview\n"
    )
    assert "| a | b |\nhttps://x.example/?a=1&b=2." in without.text


def test_mjml_is_put_into_its_layout_and_a_whole_document_needs_none() -> None:
    """With parts in either form."""
    shared = Shared(BARE.layouts, {"a.mjml": "<mj-text>[[x]]</mj-text>", "b.html": "<b>b</b>"})
    body = COLUMN.replace("x", '{% part "a" x="A{{ lead.name }}" %}<mj-text>{% part "b" %}</mj-text>', 1)

    html = mail(body, shared=shared, kind="mjml").html

    assert ">AMai</div>" in html
    assert "<b>b</b>" in html
    assert mail(f"<mjml><mj-body>{body}</mj-body></mjml>", shared=Shared({}, shared.parts), kind="mjml").html == html


@pytest.mark.parametrize(
    "body", ["", "<!-- x -->", "<?xml version='1.0' encoding='utf-8'?><p>a</p>", "</p>", "<br>", "<!-- <style> -->"]
)
def test_odd_pages_have_a_text_part_too(body: str) -> None:
    """Even those with nothing to read in them."""
    assert mail(body).text.strip() in {"", "a"}


def test_a_page_without_a_body_is_read_too() -> None:
    """Even where it begins with a style and goes on with elements nobody knows."""
    assert mail("<style>.x{color:red}</style><row><columns><p>Chào</p></columns></row>").text == "Chào\n"


def test_markdown_has_tables() -> None:
    """Prices stand in them."""
    assert "<td>1.000 đ</td>" in mail("| a | b |\n| --- | --- |\n| x | 1.000 đ |\n", kind="md").html


BLANK = [
    "Chào {{ lead.given_name or '' }},",
    "Dear {{ lead.given_name | default }} !",
    "Dear {{ lead.given_name | d('') | title }},",
    "Dear {{ lead.given_name if lead.given_name }},",
    "Dear {% if lead.given_name %}{{ lead.given_name }}{% endif %},",
    "{% if lead.company %}\nDear {{ lead.name or ' ' }}:{% endif %}",
]


@pytest.mark.parametrize("body", BLANK)
def test_nobody_gets_a_blank_dear(body: str) -> None:
    """A fallback is a word."""
    assert any("nothing stands before the" in line for line in findings(f"a\n{body}"))


@pytest.mark.parametrize(
    "body",
    [
        "Chào {{ lead.given_name or 'bạn' }},",
        "{{ lead | greeting }},",
        "Chúc mừng sinh nhật{% if lead.given_name %}, {{ lead.given_name }}{% endif %}!",
        "Chào {% if lead.given_name %}{{ lead.given_name }}{% else %}bạn{% endif %},",
        "{{ lead.company or '' }}, x",
        "a {{ lead.company or '' }} b",
    ],
)
def test_what_leaves_no_hole_is_not_refused(body: str) -> None:
    """Nothing at all may stand where it is not missed."""
    assert compiled(body)


@dataclass(frozen=True, slots=True)
class _Deep:
    """Parts that use the next one many times."""

    depth: int = 4

    @property
    def parts(self) -> dict[str, str]:
        """From the first to the last."""
        inner = {f"p{n}.html": f'{{% part "p{n + 1}" %}}' * 60 for n in range(self.depth)}
        return {**inner, f"p{self.depth}.html": "x" * 1000}


def test_parts_cannot_grow_an_email_without_bounds() -> None:
    """However they use each other."""
    assert any("longer than" in line for line in findings('{% part "p0" %}', Shared(BARE.layouts, _Deep().parts)))
