"""Emails of text only."""

import pytest

from nurture.messages.textual import to_html

WRITTEN = "https://x.example/?a=1&amp;b=2"
TEXTS = [
    ("a\nb\n\n\nc\n", "<p>a<br>\nb</p>\n<p>c</p>"),
    ("{{ lead | greeting }} & <b>", "<p>{{ lead | greeting }} &amp; &lt;b&gt;</p>"),
    (
        "Xem https://x.example/?a=1&b=2. (https://y.example/)",
        f'<p>Xem <a href="{WRITTEN}">{WRITTEN}</a>. (<a href="https://y.example/">https://y.example/</a>)</p>',
    ),
    ("{% if a %}\nx\n{% endif %}\n\ny", "{% if a %}\n<p>x</p>\n{% endif %}\n<p>y</p>"),
    ("{% if a %}\n\nx\n\n{% endif %}", "{% if a %}\n<p>x</p>\n{% endif %}"),
    ("a {% if b %}c{% endif %}", "<p>a {% if b %}c{% endif %}</p>"),
]


@pytest.mark.parametrize(("text", "html"), TEXTS)
def test_paragraphs_lines_and_addresses_become_html(text: str, html: str) -> None:
    """Conditions alone on their line stand between paragraphs."""
    assert to_html(text) == html
