"""An open: the mail's pixel was fetched, by the reader or by an image proxy."""

import base64

from nurture.activities.model import Kind
from nurture.kernel.signing import KeyRing
from nurture.messages import links
from nurture.tracking.model import Answer, Target, Verdict

PREFIX = links.OPEN_PATH
ACTIVITY = Kind.OPENED
COUNTED = frozenset({Verdict.HUMAN, Verdict.PROXY})
ONCE = True  # a mail opened again is no news; a reader after a proxy is

# One transparent pixel (GIF89a), 43 bytes.
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")

_ANSWER = Answer("200 OK", (("Content-Type", "image/gif"),), PIXEL)


def read(keys: KeyRing, token: str) -> Target | None:
    """The message the pixel stands in."""
    message_id = links.read_open(keys, token)
    return None if message_id is None else Target(message_id)


def answer(_target: Target) -> Answer | None:
    """The pixel, for everybody."""
    return _ANSWER
