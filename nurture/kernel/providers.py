"""How settings about the webhooks of mail providers are read. Pure.

Each reader gives the value of a variable's text; ValueError says in a message id what would be right.
"""

import re

from nurture.kernel.marked import N_

_TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:[a-z]{2}(?:-[a-z]+)+-\d:\d{12}:[A-Za-z0-9_-]{1,256}")
_TOPICS = N_("topics such as arn:aws:sns:ap-southeast-1:123456789012:mail, by comma")
_CERTIFICATE = N_("a certificate in PEM; NURTURE_SES_CERTIFICATE_FILE names its file")
_KEY = N_("the public key that SendGrid shows, one line of base64")
_LENGTH = N_("a secret of at least 16 characters, or user:password with at least 16")


def topics(text: str) -> tuple[str, ...]:
    """The SNS topics that may talk to us, by comma."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(_TOPIC.fullmatch(one) for one in found):
        raise ValueError(_TOPICS)
    return found


def certificate(text: str) -> str:
    """A certificate that is believed instead of those that SNS names."""
    if text and "-----BEGIN CERTIFICATE-----" not in text:
        raise ValueError(_CERTIFICATE)
    return text


def public_key(text: str) -> str:
    """A public key in base64, with or without the lines of PEM around it."""
    bare = "".join(line.strip() for line in text.splitlines() if not line.startswith("-----"))
    if text and not re.fullmatch(r"[A-Za-z0-9+/]{80,400}={0,2}", bare):
        raise ValueError(_KEY)
    return bare


def shared_secret(text: str) -> str:
    """A token, or `user:password`."""
    if text and not (len(text) >= 16 and text.isascii() and text.isprintable() and " " not in text):
        raise ValueError(_LENGTH)
    return text
