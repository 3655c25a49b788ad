"""MJML as HTML."""

import pytest

from nurture.messages import mjml


def column(inside: str) -> str:
    """A document with this in its one column."""
    return f"<mjml><mj-body><mj-section><mj-column>{inside}</mj-column></mj-section></mj-body></mjml>"


@pytest.mark.parametrize(
    "content",
    [
        "a<br>b <img src=x> &nbsp;&zwnj;&#8204; c & d",
        '{{ lead.name or "bạn" }} {% if lead.company %}<b>x</b>{% endif %}',
        "<!--[if mso]><p>x</p><![endif]--><![if !mso]>y<![endif]>",
        "Chào {{ lead | greeting }}, 1 < 2",
    ],
)
@pytest.mark.parametrize("component", ["mj-text", "mj-button", "mj-raw", "mj-table"])
def test_html_inside_a_component_stays_byte_for_byte(component: str, content: str) -> None:
    """Whether it is well-formed or not."""
    assert content in mjml.to_html(column(f"<{component}>{content}</{component}>"), "vi")


def test_fields_in_attributes_stay_too() -> None:
    """With their quotes."""
    url = 'https://x.example/?a=1&b={{ lead.fields.code or "0" }}'

    assert f'href="{url}"' in mjml.to_html(column(f'<mj-button href="{url}">a</mj-button>'), "vi")


def test_conditions_may_stand_between_components() -> None:
    """Around a part of a column and around a whole one."""
    body = (
        "<mjml><mj-body>{% if a %}<mj-section><mj-column>{% if b %}<mj-text>x</mj-text>{% else %}"
        "<mj-text>y</mj-text>{% endif %}{# gone #}</mj-column></mj-section>{% endif %}</mj-body></mjml>"
    )

    made = mjml.to_html(body, "vi")

    places = [made.index(each) for each in ("{% if a %}", "{% if b %}", ">x<", "{% else %}", ">y<", "{% endif %}")]
    assert places == sorted(places)
    assert made.count("{% endif %}") == 2
    assert "gone" not in made


def test_the_language_is_the_emails_unless_it_is_written() -> None:
    """Screen readers ask for it."""
    assert '<html lang="vi"' in mjml.to_html(column("<mj-text>a</mj-text>"), "vi")
    assert '<html lang="en"' in mjml.to_html('<mjml lang="en"><mj-body></mj-body></mjml>', "vi")


def test_no_font_is_fetched_unless_it_is_asked_for() -> None:
    """Nobody else learns who reads the mail."""
    asked = '<mj-head><mj-font name="Be" href="https://x.example/be.css" /></mj-head>'
    body = '<mj-body><mj-section><mj-column><mj-text font-family="Be">a</mj-text></mj-column></mj-section></mj-body>'

    assert "fonts.googleapis" not in mjml.to_html(column("<mj-text>a</mj-text>"), "vi")
    assert "https://x.example/be.css" in mjml.to_html(f"<mjml>{asked}{body}</mjml>", "vi")


def test_empty_components_are_taken_in_both_forms() -> None:
    """`<mj-text></mj-text>` is what many editors write in mj-attributes."""
    given = "<mj-text color='red'></mj-text><mj-class name='a' width='1px' ></mj-class>"
    head = f"<mj-head><mj-attributes>{given}</mj-attributes></mj-head>"
    body = "<mj-body><mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section></mj-body>"

    assert "color:red" in mjml.to_html(f"<mjml>{head}{body}</mjml>", "vi")


WRONG = [
    ("<mjml>\n<mj-body>\n<mj-section>\n</mj-body></mjml>", 3, "“mj-section” is not closed"),
    ("<mjml><mj-body>\n</mj-section></mj-body></mjml>", 1, "“mj-body” is not closed"),
    ("<mj-text>\n", 1, "“mj-text” is not closed"),
    ("</mj-text>", 1, "“mj-text” is not closed"),
    ("{% if a %}\n<mj-txt>a</mj-txt>\n{% endif %}", 2, "There is no component “mj-txt”"),
    ("\n\n<mj-include path='/etc/passwd' />", 3, "cannot be included"),
    ("\n" + "<mj-wrapper>" * 41, 2, "too deep"),
]


@pytest.mark.parametrize(("text", "line", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_what_is_wrong_has_its_line(text: str, line: int, said: str) -> None:
    """The compiler would say nothing, or where in the whole document."""
    problem = mjml.check(text, "f.mjml")

    assert problem is not None
    assert said in problem.text()
    assert (problem.file, problem.line) == ("f.mjml", line)


@pytest.mark.parametrize(
    "text", ["<mj-text>a<br><p></mj-text>", "<!-- <mj-x> -->", "<mj-raw><mj-x></mj-raw>", "<mj-spacer />", "a"]
)
def test_what_is_right_is_not_refused(text: str) -> None:
    """HTML inside components is not looked at."""
    assert mjml.check(text, "f.mjml") is None


def test_what_the_compiler_cannot_read_is_an_error_of_ours() -> None:
    """With the author's words where it stood."""
    with pytest.raises(mjml.MjmlError) as caught:
        mjml.to_html('<mjml><mj-head><mj-attributes>\n<mj-all a="b">x</mj-all></mj-attributes></mj-head></mjml>', "vi")

    assert "unexpected token" in str(caught.value)
    assert caught.value.snippet


def test_no_file_is_ever_read() -> None:
    """Even where the check did not see it."""
    with pytest.raises(mjml.MjmlError):
        mjml.to_html("<mjml><mj-body><mj-include path='/etc/hostname' /></mj-body></mjml>", "vi")
