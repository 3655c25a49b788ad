"""What an email holds."""

from nurture.messages.compile import compile_email
from nurture.messages.inspect import Image, Inspection, Link, inspect
from nurture.messages.model import Attachment
from nurture.messages.source import Shared, Source

LOGO = Attachment("logo.png", "image/png", b"\x89PNG\r\n\x1a\n123")
OUT = '<a href="{{ unsubscribe_url }}">Từ chối</a>'


def inspected(body: str, *, text: str | None = None, foot: str = OUT, preheader: str = "") -> Inspection:
    """An email with this body, before its way out."""
    layout = f"<html><head><title>T</title></head><body>[[body]]{foot}</body></html>"
    source = Source("hello", "vi", "S", preheader, body, "html", text, "hello/vi")
    return inspect(compile_email(source, Shared({"default.html": layout}, {}, {"logo.png": LOGO})))


def test_links_come_in_their_order_with_their_words() -> None:
    """Those in Outlook's comments are the same once more, and not counted."""
    body = (
        '<!--[if mso]><a href="https://x.example/0">0</a><![endif]-->'
        '<a href="https://x.example/?a=1&amp;b=2">Xem <b>giá</b></a><a href="mailto:a@b.example">Thư</a>'
        '<a href="https://x.example/{{ lead.public_id }}"><img src="https://i.example/a.png" alt="Ảnh"></a>'
    )

    assert inspected(body).links == (
        Link("https://x.example/?a=1&b=2", "Xem giá", tracked=True),
        Link("mailto:a@b.example", "Thư"),
        Link("https://x.example/{{ lead.public_id }}", "Ảnh", tracked=True),
        Link("{{ unsubscribe_url }}", "Từ chối"),
    )


def test_images_have_their_alt_text_and_what_we_serve_its_weight() -> None:
    """None is no alt text; empty is a picture that only decorates. The pixel is ours."""
    ours, other = "_assets/logo.png", "https://i.example/a.png"
    body = f'<img src="{ours}" alt="{{{{ lead.name }}}}"><img src="{other}"><img src="../{ours}" alt="">'

    found = inspected(body)

    assert found.images == (
        Image("_assets/logo.png", "{{ lead.name }}", len(LOGO.data)),
        Image("https://i.example/a.png", None),
        Image("_assets/logo.png", "", len(LOGO.data)),
    )
    assert found.without_alt == (Image("https://i.example/a.png", None),)
    assert found.assets_size == len(LOGO.data)


def test_dead_anchors_and_links_without_tls_are_named() -> None:
    """An anchor lives when something is called so."""
    body = (
        '<a href="#">a</a><a href="#top">b</a><a href="#gone">c</a><h1 id="top">d</h1><a name="old"></a>'
        '<a href="#old">e</a><a href="http://x.example/">f</a>'
    )

    found = inspected(body)

    assert found.dead_anchors == ("#gone",)
    assert found.http_links == ("http://x.example/",)


def test_the_way_out_is_there_and_last() -> None:
    """Nothing to follow stands behind it; what we add ourselves does not count."""
    assert (inspected("a").has_unsubscribe, inspected("a").unsubscribe_is_last) == (True, True)
    behind = inspected("a", foot=OUT + '<a href="https://x.example/">b</a>')
    assert (behind.has_unsubscribe, behind.unsubscribe_is_last) == (True, False)
    none = inspected("a", foot="")
    assert (none.has_unsubscribe, none.unsubscribe_is_last, none.text_has_unsubscribe) == (False, False, False)


def test_the_two_parts_are_compared_by_their_words() -> None:
    """The preheader is no part of either; addresses are no words."""
    made = inspected('<p>Chào &amp; mừng <a href="https://x.example/">xem</a></p>', preheader="Trước")
    other = inspected("<p>Chào mừng anh</p>", text="Chào mừng chị {{ unsubscribe_url }}", foot="")

    assert (made.difference, made.only_in_html, made.only_in_text) == (0.0, (), ())
    assert (other.only_in_html, other.only_in_text) == (("anh",), ("chị",))
    assert other.difference == 0.5
    assert other.text_has_unsubscribe


def test_the_size_is_that_of_the_html_part() -> None:
    """In bytes."""
    assert inspected("ả" * 1000).html_size > 3000
