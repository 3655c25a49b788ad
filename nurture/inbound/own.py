"""What in a returned mail is ours: the signed return path, and the Message-ID that it quotes. Pure."""

import re
from collections.abc import Iterable, Iterator

from nurture.inbound.parts import Headers, Mail, split
from nurture.kernel.signing import KeyRing
from nurture.messages import verp

# Where the envelope's recipient stands, by mailer: Postfix, qmail, Exim, Courier, Gmail, Exchange and fetchers.
TO = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "to",
    "x-envelope-to",
    "x-delivered-to",
    "x-rcpt-to",
    "x-forwarded-to",
    "apparently-to",
    "resent-to",
    "cc",
)
# Where our return path stands in the headers that a mailer gives back.
FROM = ("return-path", "x-postfix-sender", "x-envelope-from", "x-original-sender", "errors-to", "sender")
_TOKENED = re.compile(r"[+=-][A-Za-z2-7]{32}@[^\s<>,;:\"()]{1,255}")
_ID = re.compile(r"<?([^\s<>]{1,500}@[^\s<>]{1,255})>?")
_QUOTED_ID = re.compile(r"^[ \t>|*]*message-id:\s*<?([^\s<>]{1,500}@[^\s<>]{1,255})>?", re.IGNORECASE | re.MULTILINE)
_HEADER_LINE = re.compile(
    r"[ \t>|]*(received|return-path|from|to|subject|date|message-id|mime-version|dkim-signature):", re.I
)


def message_id(mail: Mail, original: Headers, ring: KeyRing) -> int | None:
    """Our message, by the signed return path to which this mail came or which it quotes. None where there is none."""
    values = [value for name in TO for value in mail.headers.all(name)]
    values += [value for name in FROM for value in original.all(name)]
    return next(_of_ours(ring, values), None)


def _of_ours(ring: KeyRing, values: Iterable[str]) -> Iterator[int]:
    for value in values:
        for found in _TOKENED.finditer(value):
            if (ours := verp.read(ring, found[0])) is not None:
                yield ours


def original_headers(mail: Mail) -> Headers:
    """The headers of the mail that came back, from the part that encloses it; empty when there is no such part."""
    for part in reversed(mail.parts):
        if part.media in ENCLOSED and (part.depth or part.media != mail.media):
            headers, rest = split(part.text.encode("utf-8", "replace").lstrip(b"\n"))
            if headers.has("message-id") or headers.has("from") or headers.has("to"):
                return headers
            if rest.strip():  # text that is no header stood before them
                return headers_within(part.text)
    return next((found for part in mail.texts if (found := headers_within(part.text)).fields), Headers())


ENCLOSED = frozenset(
    {"message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "text/rfc822"}
)


def headers_within(text: str) -> Headers:
    """The first run of three or more header lines in a text, some known one among them."""
    lines = text.split("\n")
    at = start_of_headers(lines)
    if at is None:
        return Headers()
    block = "\n".join(re.sub(r"^[ \t]*[>|][> |]*", "", line) if line[:1] not in " \t" else line for line in lines[at:])
    return split(block.encode("utf-8", "replace"))[0]


def start_of_headers(lines: list[str]) -> int | None:
    """The line at which the headers of an enclosed mail begin: a known one, and two more within the next twelve."""
    for at, line in enumerate(lines):
        if _HEADER_LINE.match(line) and _known(lines[at : at + 40]) >= 3:
            return at
    return None


def _known(lines: list[str]) -> int:
    names = set()
    for line in lines:
        if not line.strip(" >|\t"):
            break
        if found := _HEADER_LINE.match(line):
            names.add(found[1].lower())
    return len(names)


def quoted_id(original: Headers, text: str) -> str:
    """The Message-ID of the mail that came back, without brackets; empty when it is not quoted."""
    if found := _ID.fullmatch(original.raw("message-id").strip()):
        return found[1]
    within = _QUOTED_ID.search(text)
    return within[1] if within else ""


def answered_id(headers: Headers) -> str:
    """The Message-ID that a mail answers (RFC 5322, 3.6.4), without brackets."""
    for value in (headers.raw("in-reply-to"), headers.raw("references")):
        ids = re.findall(r"<([^\s<>]{1,500}@[^\s<>]{1,255})>", value)
        if ids:
            return str(ids[-1])
    return ""
