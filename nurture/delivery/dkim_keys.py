"""Keys of DKIM: where they are found, how a new one is made, and what the DNS must say of one (reads and writes files).

They stand in the setting itself, in files it names, or in a folder as `<domain>.<selector>.pem`. One that cannot be
used is an error before anything is sent: mail that its receivers expect to be signed does not go unsigned.
"""

import base64
import binascii
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import idna
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from nurture.delivery.dkim import DkimKey, Private, read_pem
from nurture.kernel.errors import ConflictError, InputError, OutsideError, Problem, SettingsError
from nurture.kernel.marked import N_
from nurture.kernel.settings import Settings
from nurture.kernel.signing import write_private

FOLDER = "dkim"  # of the data folder
KINDS = ("rsa", "ed25519")
# Relays that write signed headers anew: a signature from here would not hold behind them; they sign by themselves.
# ses: asks that Date and Message-ID be not signed (docs.aws.amazon.com/ses, "Manual DKIM signing", read 2026-11-23).
RESIGNING = frozenset({"ses"})
_RSA_BITS = 2048
_LEAST_BITS = 1024  # RFC 8301, 3.2
_STRING = 255  # bytes of one string of a TXT record
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A TXT record. `name` is the whole name without a dot at its end."""

    name: str
    value: str

    @property
    def zone_line(self) -> str:
        """As a zone file has it: in strings of at most 255 bytes, which receivers put together again."""
        strings = [self.value[n : n + _STRING] for n in range(0, len(self.value), _STRING)]
        return f"{self.name}. IN TXT ( " + " ".join(f'"{one}"' for one in strings) + " )"


def record(key: DkimKey) -> DnsRecord:
    """What the DNS must say of a key (RFC 6376, 3.6.1; RFC 8463, 4)."""
    public, form = key.private.public_key(), serialization.PublicFormat
    if isinstance(public, rsa.RSAPublicKey):
        raw = public.public_bytes(serialization.Encoding.DER, form.SubjectPublicKeyInfo)
    else:
        raw = public.public_bytes(serialization.Encoding.Raw, form.Raw)
    value = f"v=DKIM1; k={key.kind}; p={base64.b64encode(raw).decode('ascii')}"
    return DnsRecord(f"{key.selector}._domainkey.{key.domain}", value)


def folder_of(settings: Settings) -> Path:
    """Where key files lie, and new ones are written."""
    return settings.dkim_dir or settings.data_dir / FOLDER


def new_key(settings: Settings, domain: str, selector: str, kind: str) -> DkimKey:
    """Make a key and its file, mode 600. InputError for a name that is none, ConflictError where there is a file."""
    domain = _domain(domain)
    if not _SELECTOR.fullmatch(selector):
        mend = N_("lower-case letters, digits and hyphens, such as nurture2")
        raise InputError([Problem("bad_selector", N_("“%(name)s” is no selector"), mend, params=(("name", selector),))])
    path = folder_of(settings) / f"{domain}.{selector}.pem"
    private: Private = (
        rsa.generate_private_key(65537, _RSA_BITS) if kind == "rsa" else ed25519.Ed25519PrivateKey.generate()
    )
    key = DkimKey(domain, selector, private, str(path))
    pem = key.packed()[2]
    if not path.exists():
        write_private(path, pem)
        if path.read_text("ascii") == pem:
            return key
    raise ConflictError(N_("There is a key in %(path)s already; take another --selector"), path=path)


def _domain(text: str) -> str:
    try:
        found = text.strip().rstrip(".").lower()
        found = found if found.isascii() else idna.encode(found, uts46=True).decode("ascii")
    except UnicodeError:
        found = ""
    if not _DOMAIN.fullmatch(found):
        mend = N_("a domain such as anphat.vn, the one behind the @ of your sender")
        raise InputError([Problem("bad_domain", N_("“%(name)s” is no domain"), mend, params=(("name", text),))])
    return found


def keys_of_relay(settings: Settings, preset: str) -> tuple[DkimKey, ...]:
    """The keys to sign with before a relay of this preset; SettingsError as `load_keys`."""
    return () if preset in RESIGNING else load_keys(settings)


def load_keys(settings: Settings) -> tuple[DkimKey, ...]:
    """All keys. SettingsError names each one that cannot be used, and how to mend it."""
    found: list[DkimKey] = []
    problems: list[Problem] = []
    for one in _places(settings):
        key = _key(*one)
        if isinstance(key, DkimKey):
            found.append(key)
        else:
            problems.append(key)
    seen = Counter((key.domain, key.selector) for key in found)
    twice = [f"{selector}._domainkey.{domain}" for (domain, selector), count in seen.items() if count > 1]
    mend = N_("keep one in the folder or in NURTURE_DKIM")
    problems += [_problem("dkim_twice", N_("%(place)s: there are two keys of this name"), one, mend) for one in twice]
    if problems:
        raise SettingsError(problems)
    return tuple(found)


def _places(settings: Settings) -> Iterator[tuple[str, str, str, str]]:
    """Domain, selector, the setting's text or nothing, and the place, of each key that is named somewhere."""
    for domain, selector, text in settings.dkim:
        is_file = text.startswith(("/", "~", "."))
        place = str(Path(text).expanduser()) if is_file else f"NURTURE_DKIM ({domain} {selector})"
        yield domain, selector, "" if is_file else text, place
    for path in _files(folder_of(settings)):
        domain, _, selector = path.stem.lower().rpartition(".")
        yield domain, selector, "", str(path)


def _files(folder: Path) -> list[Path]:
    """A folder that cannot be read must not pass for an empty one."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".pem")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutsideError(
            N_("%(place)s cannot be read: %(error)s"), place=folder, error=error.strerror or str(error)
        ) from error


def _key(domain: str, selector: str, text: str, place: str) -> DkimKey | Problem:
    if not _DOMAIN.fullmatch(domain) or not _SELECTOR.fullmatch(selector):
        mend = N_("name it <domain>.<selector>.pem, such as anphat.vn.nurture.pem")
        return _problem("dkim_name", N_("%(place)s: the name does not say whose key it is"), place, mend)
    try:
        private = read_pem(_pem(text) if text else Path(place).read_bytes())
    except OSError as error:
        mend = N_("let the user that runs nurture read it, or take it out of the settings")
        return _problem("dkim_unreadable", N_("%(place)s cannot be read: %(error)s"), place, mend, error.strerror)
    except TypeError:
        mend = N_("write it without one: openssl pkey -in old.pem -out new.pem")
        return _problem("dkim_password", N_("%(place)s: the key asks for a password"), place, mend)
    except (ValueError, UnsupportedAlgorithm):
        mend = N_("a private RSA or Ed25519 key in PEM; nurture dkim new makes one")
        return _problem("dkim_no_key", N_("%(place)s is no key that mail can be signed with"), place, mend)
    if isinstance(private, RSAPrivateKey) and private.key_size < _LEAST_BITS:
        mend = N_("make one of 2048 bits: nurture dkim new")
        return _problem("dkim_short", N_("%(place)s: the key is too short, receivers ignore it"), place, mend)
    return DkimKey(domain, selector, private, place)


def _pem(text: str) -> bytes:
    """The PEM of a key that stands in the setting: itself, with \\n for its line ends, or its base64 alone."""
    if text.startswith("-----"):
        return text.replace("\\n", "\n").encode("ascii", "replace")
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""
    return b"-----BEGIN PRIVATE KEY-----\n" + base64.encodebytes(raw) + b"-----END PRIVATE KEY-----\n"


def _problem(code: str, message: str, place: str, mend: str, error: str | None = None) -> Problem:
    params = (("place", place), *((("error", error),) if error else ()))
    return Problem(code, message, mend, params=params)
