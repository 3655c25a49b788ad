"""What an activity is about, in the form in which rules compare it: an outcome, a tag, the path of a page. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from nurture.activities.model import Kind
from nurture.kernel.text import fold

LONGEST = 300
# Where the detail of a kind says it.
_KEYS: Mapping[Kind, str] = {
    Kind.CALLED: "outcome",
    Kind.TASK_DONE: "outcome",
    Kind.TAGGED: "tag",
    Kind.UNTAGGED: "tag",
    Kind.FORM_SUBMITTED: "form",
    Kind.LEFT_CAMPAIGN: "reason",
}


def about(kind: Kind, detail: Mapping[str, Any], url: str | None) -> str | None:
    """What the activity is about, folded; None for kinds that nobody asks for by it."""
    if kind is Kind.PAGE_VISITED:
        return path_of(url or "") or None
    key = _KEYS.get(kind)
    text = detail.get(key) if key else None
    return (_folded(str(text)) or None) if text is not None else None


def _folded(text: str) -> str:
    """As it is compared. The last of all characters is left out, so that it sorts after whatever a text begins with."""
    return fold(text).replace("\U0010ffff", "")[:LONGEST]


def path_of(url: str) -> str:
    """The path of an address as people read it, folded; `/` for a bare host, nothing for what is no address."""
    try:
        found = urlsplit(url)
    except ValueError:
        return ""
    if not found.netloc and not found.path:
        return ""
    return _folded(unquote(found.path) or "/")
