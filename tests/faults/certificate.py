"""A certificate that signs itself, and its key, made anew for a test with nothing but the standard library (X.509)."""

import ssl
from base64 import encodebytes
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha1, sha256
from ipaddress import ip_address
from pathlib import Path
from random import SystemRandom

from nurture.kernel.clock import SystemClock

_BITS = 2048
_SMALL = [n for n in range(3, 2_000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]
_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_BOOLEAN_TRUE = b"\x01\x01\xff"
_NULL = b"\x05\x00"


def make(folder: Path, *, host: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """The certificate's file, which a client may trust, and the context of a server that has its key."""
    prime, other = _prime(), _prime()
    key = _Key(prime, other)
    trusted, secret = folder / "certificate.pem", folder / "key.pem"
    trusted.write_bytes(_pem("CERTIFICATE", _certificate(key, host)))
    secret.write_bytes(_pem("RSA PRIVATE KEY", key.private()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, secret)
    secret.unlink()
    return trusted, context


class _Key:
    """An RSA key (RFC 8017)."""

    def __init__(self, prime: int, other: int) -> None:
        self.p, self.q = max(prime, other), min(prime, other)
        self.n, self.e = prime * other, 65537
        self.d = pow(self.e, -1, (prime - 1) * (other - 1))

    def private(self) -> bytes:
        """As PKCS #1 has it."""
        p, q, d = self.p, self.q, self.d
        return _sequence(*map(_integer, (0, self.n, self.e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))))

    def public(self) -> bytes:
        """Modulus and exponent."""
        return _sequence(_integer(self.n), _integer(self.e))

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256."""
        info = _SHA256_PREFIX + sha256(data).digest()
        padded = b"\x00\x01" + b"\xff" * (_BITS // 8 - 3 - len(info)) + b"\x00" + info
        return pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(_BITS // 8, "big")


def _prime() -> int:
    for candidate in _candidates():
        if (
            all(candidate % small for small in _SMALL)
            and candidate % 65537 != 1
            and pow(2, candidate - 1, candidate) == 1
        ):
            return candidate
    raise AssertionError("there is always one more")


def _candidates() -> Iterator[int]:
    random = SystemRandom()
    while True:
        yield random.getrandbits(_BITS // 2) | 3 << (_BITS // 2 - 2) | 1


def _certificate(key: _Key, host: str) -> bytes:
    algorithm = _sequence(_oid("2a864886f70d01010b"), _NULL)
    name = _sequence(_der(0x31, _sequence(_oid("550403"), _der(0x0C, b"sink"))))
    now = SystemClock().real()
    validity = _sequence(_time(now - timedelta(days=1)), _time(now + timedelta(days=30)))
    key_info = _sequence(_sequence(_oid("2a864886f70d010101"), _NULL), _bits(key.public()))
    identifier = sha1(key.public(), usedforsecurity=False).digest()
    extensions = _sequence(
        _extension("551d13", _sequence(_BOOLEAN_TRUE), critical=True),  # it may sign
        _extension("551d0f", _der(0x03, b"\x02\x84"), critical=True),  # digital signature, certificates
        _extension("551d0e", _der(0x04, identifier)),
        _extension("551d23", _sequence(_der(0x80, identifier))),
        _extension("551d11", _sequence(_der(0x87, ip_address(host).packed))),
    )
    body = _sequence(
        _der(0xA0, _integer(2)),
        _integer(SystemRandom().getrandbits(64)),
        algorithm,
        name,
        validity,
        name,
        key_info,
        _der(0xA3, extensions),
    )
    return _sequence(body, algorithm, _bits(key.sign(body)))


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return _sequence(_oid(oid), _BOOLEAN_TRUE if critical else b"", _der(0x04, value))


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _der(0x03, b"\x00" + content)


def _oid(hexadecimal: str) -> bytes:
    return _der(0x06, bytes.fromhex(hexadecimal))


def _time(at: datetime) -> bytes:
    return _der(0x17, f"{at:%y%m%d%H%M%SZ}".encode())


def _pem(label: str, content: bytes) -> bytes:
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (label.encode(), encodebytes(content), label.encode())
