"""Signs a mail so that receivers know whose it is: DKIM (RFC 6376) with RSA and Ed25519 (RFC 8463), relaxed/relaxed.

Signed last, before dots are stuffed. Every header that a reader or a filter goes by is listed once more than it occurs,
so that none can be added on the way without breaking the signature; there is no `l=`, behind which text could be added
to the body. `t=` is the mail's own date, so that a retry is the same mail. Pure. Imported by sender processes.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

Private: TypeAlias = RSAPrivateKey | Ed25519PrivateKey

SIGNED = (
    "From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "MIME-Version", "Content-Type",
    "Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Auto-Submitted",
)  # fmt: skip
_LOWER = tuple(name.lower().encode() for name in SIGNED)
_LINE = 74
_MOST_DOMAINS = 64
_BLANKS = re.compile(rb"[ \t]+")
_PADDING, _SHA256 = PKCS1v15(), hashes.SHA256()


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key, and under which name its public half stands in the DNS."""

    domain: str  # ASCII, lower case
    selector: str
    private: Private = field(repr=False)
    place: str = ""  # where it was found, for people

    @property
    def kind(self) -> str:
        """`rsa` or `ed25519`, as `k=` names it."""
        return "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"

    @property
    def bits(self) -> int:
        """How long it is."""
        return self.private.key_size if isinstance(self.private, RSAPrivateKey) else 256

    def packed(self) -> list[str]:
        """The key as plain data for the pipe to a sender, and for nothing else."""
        form, kind, none = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return [self.domain, self.selector, self.private.private_bytes(form, kind, none).decode("ascii")]

    @classmethod
    def unpacked(cls, data: Sequence[str]) -> "DkimKey":
        """The key out of the pipe."""
        domain, selector, pem = data
        return cls(domain, selector, read_pem(pem.encode("ascii")))


def read_pem(pem: bytes) -> Private:
    """The key of a PEM text. ValueError when it is none of ours; TypeError when it asks for a password."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("neither RSA nor Ed25519")
    return key


class Signer:
    """Signs with the keys of the sender's domain, all of them; a mail from elsewhere stays as it is."""

    __slots__ = ("_chosen", "_keys")

    def __init__(self, keys: Iterable[DkimKey] = ()) -> None:
        self._chosen: dict[str, tuple[DkimKey, ...]] = {}
        self._keys = tuple(sorted(keys, key=lambda key: key.kind == "ed25519"))  # some readers stop at the first

    def keys_for(self, domain: str) -> tuple[DkimKey, ...]:
        """The keys that speak for a sender's domain: its own, else those of the nearest domain above it, else below.

        Each is aligned with it as DMARC asks in its relaxed form (RFC 7489, 3.1.1).
        """
        if not self._keys:
            return ()
        if domain not in self._chosen:
            if len(self._chosen) >= _MOST_DOMAINS:
                self._chosen.clear()
            self._chosen[domain] = self._nearest(domain.lower())
        return self._chosen[domain]

    def _nearest(self, domain: str) -> tuple[DkimKey, ...]:
        above = {key.domain for key in self._keys if f".{domain}".endswith(f".{key.domain}")}
        below = {key.domain for key in self._keys if key.domain.endswith(f".{domain}")}
        chosen = max(above, key=len) if above else min(below, key=lambda one: (len(one), one), default="")
        return tuple(key for key in self._keys if key.domain == chosen)

    def sign(self, mail: bytes, domain: str, at: int) -> bytes:
        """The mail (CRLF, dots not yet stuffed) with its signatures in front. `at`: seconds since 1970."""
        head, _, body = mail.partition(b"\r\n\r\n")
        return b"".join((*self.signatures(head + b"\r\n", [body], domain, at), mail))

    def signatures(
        self, head: bytes, body: Sequence[bytes], domain: str, at: int, *, firm: bool = False
    ) -> list[bytes]:
        """The same of a mail in pieces, its header with the CRLF of its last line. A `firm` body is relaxed already."""
        keys = self.keys_for(domain)
        if not keys:
            return []
        names, covered = _covered(head)
        whole = b"".join(body)
        digest = b64encode(hashlib.sha256(whole if firm else relaxed_body(whole)).digest()).decode("ascii")
        return [_signature(key, names, covered, digest, at) for key in keys]


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376, 3.4.4: runs of blanks are one, none ends a line, no empty line ends the body, CRLF does."""
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    body = body.replace(b"\t", b" ")
    while b"  " in body:  # halves each run; a regular expression takes five times as long
        body = body.replace(b"  ", b" ")
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    end = len(body)
    while body[max(0, end - 2) : end] == b"\r\n":
        end -= 2
    return body[:end] + b"\r\n" if end else b""


def relaxed_header(field_: bytes) -> bytes:
    """RFC 6376, 3.4.2: one header field with its CRLF, name in lower case, unfolded, runs of blanks as one."""
    name, _, value = field_.partition(b":")
    return name.rstrip(b" \t").lower() + b":" + _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ") + b"\r\n"


def _covered(head: bytes) -> tuple[str, bytes]:
    """The value of `h=`, folded, and the header fields it names, as they are signed."""
    flat = head.replace(b"\t", b" ").replace(b"\r\n ", b" ")  # each as `relaxed_header`, in one go
    while b"  " in flat:
        flat = flat.replace(b"  ", b" ")
    fields: dict[bytes, list[bytes]] = {}
    for one in flat.split(b"\r\n"):
        name, _, value = one.partition(b":")
        name = name.rstrip(b" ").lower()
        fields.setdefault(name, []).append(b"%b:%b\r\n" % (name, value.strip(b" ")))
    found = [fields.get(name, []) for name in _LOWER]
    covered = b"".join([one for same in found for one in reversed(same)])
    return _listed(tuple(map(len, found))), covered


@lru_cache(maxsize=64)
def _listed(counts: tuple[int, ...]) -> str:
    """`h=` of a mail that has each of SIGNED so many times."""
    lines = ["h="]
    for name, count in zip(SIGNED, counts, strict=True):
        for _ in range(count + 1):
            if len(lines[-1]) + len(name) > _LINE:
                lines.append("")
            lines[-1] += f"{name}:"
    return "\r\n ".join(lines)[:-1]


def _signature(key: DkimKey, names: str, covered: bytes, digest: str, at: int) -> bytes:
    unsigned = (
        f"DKIM-Signature: v=1; a={key.kind}-sha256; c=relaxed/relaxed;\r\n"
        f" d={key.domain}; s={key.selector}; t={at};\r\n"
        f" {names};\r\n bh={digest};\r\n b="
    ).encode("ascii")
    data = covered + relaxed_header(unsigned)[:-2]
    if isinstance(key.private, RSAPrivateKey):
        raw = key.private.sign(data, _PADDING, _SHA256)
    else:
        raw = key.private.sign(hashlib.sha256(data).digest())
    value = b64encode(raw)
    lines = [value[: _LINE - 4], *(value[n : n + _LINE] for n in range(_LINE - 4, len(value), _LINE))]
    return unsigned + b"\r\n ".join(lines) + b"\r\n"
