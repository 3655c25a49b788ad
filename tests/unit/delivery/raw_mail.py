"""A strict reader of a mail's raw bytes as they travel: what it does not know, it refuses.

Written against RFC 5321 (lines, dots), RFC 5322 (grammar), RFC 2047 (words), RFC 2369 and RFC 8058 (refusal) and RFC
2045 (parts), not against what writes them.
"""

import re
from base64 import b64decode

ATOM = r"(?:(?!=\?)[A-Za-z0-9!#$%&'*+/=?^_`{|}~-])+"  # what looks encoded must be so
WORD = r"=\?UTF-8\?B\?(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\?="
QUOTED = r'"(?:(?!=\?)[ !#-\[\]-~]|\\[ -~])*"'
PHRASE = rf"(?:{WORD}(?:\r\n {WORD})*|{QUOTED}|{ATOM}(?: {ATOM})*)"
ADDRESS = rf"{ATOM}(?:\.{ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
UTF8_ADDRESS = ADDRESS.replace("[A-Za-z0-9!", "[A-Za-z0-9\x80-\U0010ffff!")
DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}"
TEXT = r"[!-~](?:(?!=\?)[ -~]|\r\n [!-~])*"
GRAMMAR = {
    "DKIM-Signature": rf"v=1; a=(?:rsa|ed25519)-sha256; c=relaxed/relaxed;{TEXT.removeprefix('[!-~]')}",
    "From": rf"(?:{PHRASE}(?:\r\n)? <{ADDRESS}>|{ADDRESS})",
    "To": rf"(?:{PHRASE}(?:\r\n)? <{ADDRESS}>|{ADDRESS})",
    "Reply-To": rf"(?:{PHRASE}(?:\r\n)? <{ADDRESS}>|{ADDRESS})",
    "Subject": rf"(?:{WORD}(?:\r\n {WORD})*|{TEXT})",
    "Date": rf"{DAY} \d\d:\d\d:\d\d \+0000",
    "Message-ID": rf"<{ADDRESS}>",
    "MIME-Version": r"1\.0",
    "List-Unsubscribe": rf"<https://[!-;=?-~]+>(?:,\r\n <mailto:{ADDRESS}\?subject=unsubscribe%20[A-Za-z0-9_-]+>)?",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    "Feedback-ID": r"[a-z0-9]+:[a-z]+:[a-z0-9_-]+:n[0-9a-f]{8}",
    "Auto-Submitted": "auto-generated",
    "X-PM-Metadata-nurture": "[A-Za-z0-9@.-]+",
    "X-SMTPAPI": r'\{"unique_args":(?:\r\n)? \{"nurture":(?:\r\n)? "[A-Za-z0-9@.-]+"\}\}',
    "X-Mailgun-Variables": r'\{"nurture":(?:\r\n)? "[A-Za-z0-9@.-]+"\}',
    "Content-Type": r"[a-z]+/[a-z0-9.+-]+(?:;(?: |\r\n )[a-z]+=(?:[a-z0-9-]+|\"[ !#-~]+\"))*",
    "Content-Transfer-Encoding": r"(?:base64|quoted-printable)",
    "Content-Disposition": r"attachment(?:;\r\n filename(?:=\"[ !#-~]+\"|(?:\*\d+)?\*=(?:UTF-8'')?[A-Za-z0-9%._~-]*))+",
}
NEEDED = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"}
OF_PARTS = {name for name in GRAMMAR if name.startswith("Content-")}
LONG = {"List-Unsubscribe"}  # may not be folded inside an address


def faults(data: bytes, *, utf8: bool = False) -> list[str]:
    """All that is wrong with a mail as it is written to a relay before the final dot; `utf8`: SMTPUTF8 was offered."""
    found = []
    if not data.endswith(b"\r\n") or re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", data):
        found.append("a line does not end with CRLF, or a NUL")
    if re.search(rb"(?m)^\.(?!\.)", data):
        found.append("a dot that is not stuffed")
    if max(map(len, data.split(b"\r\n"))) > 998:
        found.append("a line over 998")
    plain = re.sub(rb"(?m)^\.", b"", data)
    head, blank, body = plain.partition(b"\r\n\r\n")
    if not blank or not body.isascii():
        found.append("no body, or one that is not ASCII")
    names = _header(head, found, utf8=utf8)
    once = [name for name in names if name != "DKIM-Signature"]
    if len(set(once)) != len(once) or not set(names) >= NEEDED or "Content-Disposition" in names:
        found.append(f"headers {names}")
    _parts(head, body, found)
    return found


def _header(raw: bytes, found: list[str], *, utf8: bool) -> list[str]:
    """The names of a header's fields; what is wrong with them is added to `found`."""
    names = []
    head = raw.decode("utf-8", "replace")
    if "\ufffd" in head:
        found.append("a header that is not UTF-8")
    for field in re.split(r"\r\n(?! )", head):
        name, colon, value = field.partition(": ")
        names.append(name)
        grammar = GRAMMAR.get(name, "(?!)")
        if name == "To" and utf8:
            grammar = grammar.replace(ADDRESS, UTF8_ADDRESS)
        elif not field.isascii():
            found.append(f"{name}: not ASCII")
        if not colon or not re.fullmatch(grammar, value):
            found.append(f"{name}: {value!r}")
        if name not in LONG and max(map(len, field.split("\r\n"))) > 78 and ADDRESS not in grammar:
            found.append(f"{name}: a line over 78")
        for word in re.findall(WORD, value):
            _word(word, found)
    return names


def _word(word: str, found: list[str]) -> None:
    """At most 75 characters, whole UTF-8, nothing that ends a line."""
    try:
        text = b64decode(word[10:-2], validate=True).decode()
    except ValueError:
        text = "\n"
    if len(word) > 75 or not text or any(c in text for c in "\r\n\0\u2028\u2029"):
        found.append(f"word {word}")


def _parts(head: bytes, body: bytes, found: list[str]) -> None:
    """Down to the leaves: each boundary is closed, each part has its own header, each line of a leaf is short."""
    boundary = re.search(rb'\r\nContent-Type: multipart/[a-z]+;\r\n boundary="([^"]+)"', b"\r\n" + head)
    if boundary is None:
        if max(map(len, body.split(b"\r\n"))) > 76:
            found.append("a line of a body over 76")
        return
    first, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1])
    if first or len(parts) < 2 or (parts[-1] != b"--\r\n" and parts[-1] != b"--"):
        found.append("boundaries")
    for part in parts[:-1]:
        inner, blank, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        names = _header(inner, found, utf8=False)
        if not blank or len(set(names)) != len(names) or not set(names) <= OF_PARTS:
            found.append(f"a part's headers {names}")
        _parts(inner, content, found)
