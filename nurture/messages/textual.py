"""Makes the HTML of an email of text only: paragraphs, lines, and addresses one can click. Pure."""

import html
import re

from nurture.messages.masks import MASK, Masked, hide_jinja

URL = re.compile(r"https?://[^\s<>\"]+")
AFTER_URL = ".,;:!?)]}'»”"
_GAP = re.compile(r"\n[ \t]*\n\s*")


def to_html(text: str) -> str:
    """The text as HTML, Jinja included; conditions that stand alone on a line stay between the paragraphs."""
    masked = Masked()
    hidden = hide_jinja(text.strip("\n"), masked)
    blocks = (block for block in _GAP.split(hidden) if block.strip())
    return masked.bare("\n".join(_block(block, masked) for block in blocks))


def _block(block: str, masked: Masked) -> str:
    """One paragraph, with the conditions before and after it outside."""
    parts: list[str] = []
    lines: list[str] = []
    for line in (*block.split("\n"), None):
        alone = line is not None and _is_condition(line, masked)
        if (line is None or alone) and lines:
            parts.append("<p>" + "<br>\n".join(lines) + "</p>")
            lines = []
        if line is not None and alone:
            parts.append(line.strip())
        elif line is not None:
            lines.append(_clickable(line.strip()))
    return "\n".join(parts)


def _is_condition(line: str, masked: Masked) -> bool:
    """Whether nothing but statements stands on this line."""
    words = [found[0] for found in MASK.finditer(line)]
    return bool(words) and not MASK.sub("", line).strip() and all(masked.is_statement(word) for word in words)


def _clickable(line: str) -> str:
    parts: list[str] = []
    end = 0
    for found in URL.finditer(line):
        target = found[0].rstrip(AFTER_URL)
        shown = html.escape(target)
        parts += [html.escape(line[end : found.start()], quote=False), f'<a href="{shown}">{shown}</a>']
        end = found.start() + len(target)
    return "".join((*parts, html.escape(line[end:], quote=False)))
