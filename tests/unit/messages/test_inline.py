"""CSS into style attributes."""

import re

import pytest

from nurture.messages.css import declarations
from nurture.messages.inline import inlined


def page(css: str, body: str) -> str:
    """A page with this style element."""
    return f"<html><head><style>{css}</style></head><body>{body}</body></html>"


def style_of(css: str, tag: str) -> str:
    """What stands in the style attribute of the one tag of the body."""
    found = re.search(r"style=(\"|')(.*?)\1", inlined(page(css, tag)).partition("<body>")[2], re.DOTALL)
    return found[2] if found else ""


def head_of(css: str, body: str) -> str:
    """What stays in the head."""
    return inlined(page(css, body)).partition("<head>")[2].partition("</head>")[0]


CASCADE = [
    ("p{color:red}", "<p>", "color: red"),
    ("p{color:red} p{color:blue}", "<p>", "color: blue"),
    (".a{color:red} p{color:blue}", '<p class="a">', "color: red"),
    ("#i{color:red} .a{color:blue}", '<p id="i" class="a">', "color: red"),
    ("p{color:red}", '<p style="margin:0;">', "color: red; margin:0"),
    ("p{color:red}", '<p style="color:blue">', "color:blue"),
    ("p{color:red !important}", '<p style="color:blue">', "color:blue; color: red"),
    ("p{color:red !important}", '<p style="color:blue !important">', "color:blue !important"),
    ("p{color:red !important} p{color:blue}", "<p>", "color: red"),
    ("p{border:0}", '<p style="border:1px dashed solid">', "border: 0; border:1px dashed solid"),
    ("p{margin-top:5px}", '<p style="margin:0">', "margin-top: 5px; margin:0"),
    ("p{width:10px;width:calc(1px + 2px)}", "<p>", "width: 10px; width: calc(1px + 2px)"),
    ("p{background:url(https://x.example/?a=1&b=2;c)}", "<p>", "background: url(https://x.example/?a=1&amp;b=2;c)"),
    ('p{font-family:"Segoe UI",Arial}', "<p>", "font-family: 'Segoe UI',Arial"),
    ("p{mso-line-height-rule:exactly;*zoom:1}", "<p>", "mso-line-height-rule: exactly; *zoom: 1"),
    ("/* a; b{} */ p /* c */ {/* d:e; */ color:red}", "<p>", "color: red"),
    ("p,td{color:red}", "<P>", "color: red"),
    ("div>p:first-child{color:red}", "<p>", ""),
]


@pytest.mark.parametrize(("css", "tag", "style"), CASCADE, ids=[css + tag for css, tag, _ in CASCADE])
def test_the_cascade_decides_and_the_authors_own_words_stay(css: str, tag: str, style: str) -> None:
    """By weight and order (CSS Cascade 4); fallbacks for old clients are kept in their order."""
    assert style_of(css, tag + "a</p>") == style


def test_an_attribute_keeps_its_quotes() -> None:
    """And what is added does not end it."""
    css = 'p{font-family:"A"}'

    assert """style='font-family: "A"; color:"x"'""" in inlined(page(css, """<p style='color:"x"'>a</p>"""))
    assert '<br style="color: red"/>' in inlined(page("br{color:red}", "<br/>"))


KEPT = [
    "@media (max-width:480px){p{color:red !important}}",
    "@font-face{font-family:X;src:url(https://x.example/x.woff2)}",
    "@import url(https://x.example/a.css);",
    "@media screen{@media (min-width:0px){.x{color:red}}}",
    "a:hover{color:red}",
    "p::before{content:'}'}",
    ".ExternalClass *{line-height:100%}",
    "#outlook a{padding:0}",
    "u + .body .x{color:red}",
    "*{margin:0}",
    "p{color:red !important}",
    ":root{color-scheme:light dark}",
]  # fmt: skip


@pytest.mark.parametrize("rule", KEPT)
def test_what_clients_act_on_stays_in_the_head(rule: str) -> None:
    """As it was written."""
    assert rule in head_of(f"p{{margin:0}}\n{rule}\np{{padding:0}}", "<p>a</p>")


def test_what_was_inlined_leaves_the_head() -> None:
    """And a style element with nothing in it leaves with it."""
    assert head_of("p{color:red}\n.x{margin:0}", '<p class="x">a</p>') == ""
    assert head_of("p{color:red} .y{margin:0}", "<p>a</p>") == "<style> .y{margin:0}</style>"


def test_all_else_stays_byte_for_byte() -> None:
    """Comments, cases, quotes, entities, tags that nobody closes."""
    body = (
        "<!--[if mso]><v:rect fill='t'/><![endif]--><![if !mso]><TABLE Width=100%><TR><td BGCOLOR=#fff>"
        "&nbsp;&zwnj;&#8204;<!-- a > b --><img src=x ALT='a \"b\"'><![endif]></table><p title=it>&copy; a && b < c"
    )

    assert inlined(page("i{color:red}", body)) == page("i{color:red}", body)


@pytest.mark.parametrize(
    "css", ["p{color:red", "}p{color:red}", "p{color:red}}}", "<!-- p{color:red} -->", "{}", "p{;:;}"]
)
def test_broken_css_ends_nothing(css: str) -> None:
    """What can be read is; the page stays."""
    assert "a</p>" in inlined(page(css, "<p>a</p>"))


def test_a_style_for_some_screens_and_one_to_be_left_alone_stay_whole() -> None:
    """`media` on the element, and `data-premailer="ignore"`, which is not sent."""
    for opening in ('<style media="print">', '<style media="(max-width: 480px)">', '<style data-premailer="ignore">'):
        made = inlined(
            f"<html><head><style>b{{top:0}}</style>{opening}p{{color:red}}</style></head><body><p>a</p></body></html>"
        )
        assert "p{color:red}</style>" in made
        assert "<p>a</p>" in made
        assert "premailer" not in made


def test_declarations_are_cut_where_css_cuts_them() -> None:
    """Not in strings, parentheses or comments."""
    found = [(one.name, one.value, one.important) for one in declarations("A:b;c : url(x;y:z) ! IMPORTANT;d:';';e;:f")]

    assert found == [("a", "b", False), ("c", "url(x;y:z)", True), ("d", "';'", False)]


def test_a_style_element_for_some_screens_is_a_media_query() -> None:
    """All of its rules are."""
    css = 'p{color:red}</style><style media="(max-width: 9px)">p{color:blue}'

    assert '<style media="(max-width: 9px)">p{color:blue !important}</style>' in head_of(css, "<p>a</p>")


FIRM = [
    ("p{color:red} @media (max-width:1px){p{color:blue}}", "@media (max-width:1px){p{color:blue !important}}"),
    ("p{margin:0} @media (max-width:1px){p{margin-top:1px;top:0}}", "{p{margin-top:1px !important;top:0}}"),
    ("p{color:red} @media (max-width:1px){p{color:blue !important}}", "{p{color:blue !important}}"),
    ("@media (max-width:1px){p{color:blue}} p{color:red}", "{p{color:blue}}"),  # it lost before
    ("p.a{color:red} @media (max-width:1px){p{color:blue}}", "{p{color:blue}}"),
    ("p{color:red !important} @media (max-width:1px){p{color:blue}}", "{p{color:blue}}"),
    ("p{color:red} @media (max-width:1px){.b{color:blue}}", "{.b{color:blue}}"),
]


@pytest.mark.parametrize(("css", "kept"), FIRM, ids=[css for css, _ in FIRM])
def test_a_media_query_still_overrules_what_was_inlined(css: str, kept: str) -> None:
    """With a word it did not need before; where it did not overrule, it does not begin to."""
    assert kept in head_of(css, '<p class="a">a</p>')
