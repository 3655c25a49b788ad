"""Bounces in a form that only flufl.bounce knows. Pure."""

import logging
from email.message import Message

from flufl.bounce import all_failures

from nurture.inbound.freeform import Notice, about
from nurture.inbound.model import What
from nurture.inbound.parts import Mail

MOST = 100_000  # characters of each text
MOST_LINES = 2_000  # of each: its detectors look at every line with a hundred patterns
# It logs each exception of its detectors with a traceback; here they only mean that it knows nothing.
logging.getLogger("flufl.bounce").addHandler(logging.NullHandler())
logging.getLogger("flufl.bounce").propagate = False


def notices(mail: Mail) -> list[Notice]:
    """One for each address that it finds. It gets the mail written anew, so that nothing broken is left in it."""
    try:
        temporary, permanent = all_failures(_anew(mail))
    except Exception:  # noqa: BLE001 - strangers wrote the mail, and its detectors raise whatever they meet
        return []
    text = "\n".join(part.text for part in mail.texts)
    found = [(What.BOUNCED, address) for address in sorted(permanent)]
    found += [(What.DELAYED, address) for address in sorted(temporary - permanent)]
    addresses = [(what, address.decode("ascii", "replace")) for what, address in found]
    return [Notice(what, address, about(text, address)) for what, address in addresses if "@" in address]


def _anew(mail: Mail) -> Message:
    """The same headers and texts, in ASCII and in one encoding."""
    made = Message()
    for name in ("from", "to", "subject", "x-mailer", "x-failed-recipients"):
        if value := mail.headers.get(name):
            made[name] = _ascii(value)[:500]
    made["Content-Type"] = mail.media if mail.media.startswith("multipart/") else "text/plain"
    if made.get_content_maintype() != "multipart":
        made.set_payload(_ascii(mail.parts[0].text if mail.parts else ""))
        return made
    for part in mail.parts[:10]:
        piece = Message()
        piece["Content-Type"] = part.media if part.media.startswith("text/") else "text/plain"
        piece.set_payload(_ascii(part.text))
        made.attach(piece)
    return made


def _ascii(text: str) -> str:
    lines = text[:MOST].split("\n", MOST_LINES)
    return "\n".join(lines[:MOST_LINES]).encode("ascii", "replace").decode("ascii")
