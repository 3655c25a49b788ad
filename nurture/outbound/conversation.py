"""One HTTP request to a host outside, without being led astray (talks over the network).

1. The host is resolved once; every address it gives must be one that we talk to, or none is.
2. The connection goes to the address that was looked at, not to a name that may mean another one by now. TLS shows and
   checks the host's own name.
3. No redirect is followed; the answer is read up to 4 KB; all of it takes a few seconds at most.

It never raises for what the world outside does: it gives an Answer.
"""

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from nurture.kernel.clock import SystemClock
from nurture.kernel.text import clean
from nurture.outbound.address import Allowed, is_public
from nurture.outbound.model import Answer, Stage
from nurture.outbound.target import Target, refusal

KEPT = 4096  # bytes of an answer
SECONDS = 8.0  # of a whole conversation, the name's resolving included
_LEAST_SECONDS = 0.1
_CONNECT_SECONDS = 4.0
_MOST_ADDRESSES = 4
_monotonic = SystemClock().monotonic
_AGENT = "nurture/1 (+webhooks)"

# Gives the addresses of a host, in the order in which they should be tried; OSError when there are none.
Resolver: TypeAlias = Callable[[str, int], Sequence[str]]


def system_resolver(host: str, port: int) -> list[str]:
    """What the machine's own resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True)
class Line:
    """How we talk: whom the operator allows, who resolves, how long, and which certificates are believed."""

    allow: Allowed = field(default_factory=Allowed)
    resolve: Resolver = system_resolver
    seconds: float = SECONDS
    tls: ssl.SSLContext | None = None  # None: what the machine believes


def post(line: Line, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
    """Send the body and read the beginning of the answer."""
    begun = _monotonic()
    addresses = _judged(line, target)
    if isinstance(addresses, Answer):
        return addresses
    left = replace(line, seconds=max(_LEAST_SECONDS, line.seconds - (_monotonic() - begun)))
    return _talk(left, target, addresses, {"User-Agent": _AGENT, **headers}, body)


def get(line: Line, target: Target, most: int) -> bytes | None:
    """What stands at an address, as it came; None where it answers anything but 200, or gives more than `most`."""
    begun = _monotonic()
    addresses = _judged(line, target)
    if isinstance(addresses, Answer):
        return None
    connection = _Pinned(target, addresses, line)
    try:
        with _Deadline(max(_LEAST_SECONDS, line.seconds - (_monotonic() - begun)), connection):
            connection.connect()
            connection.request("GET", target.path, headers={"User-Agent": _AGENT})
            with connection.getresponse() as answer:
                found = answer.read(most + 1)
            whole = answer.status == 200 and len(found) <= most and not connection.is_late
            return found if whole else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def _judged(line: Line, target: Target) -> Sequence[str] | Answer:
    """The addresses of a host that we talk to, or why we do not."""
    no = refusal(target, line.allow)
    if no:
        return Answer(Stage.BLOCKED, text=no)
    try:
        addresses = _resolved(line, target)
    except (OSError, UnicodeError) as error:
        return Answer(Stage.CONNECT, text=_said(error))
    if not addresses:
        return Answer(Stage.CONNECT, text="no address")
    bad = [one for one in addresses if not _may_talk(line.allow, target, one)]
    return Answer(Stage.BLOCKED, text=f"{target.host}: {bad[0]}") if bad else addresses


def _resolved(line: Line, target: Target) -> Sequence[str]:
    """The host's addresses. TimeoutError when they do not come in the time of the whole conversation: a resolver
    cannot be hung up on, so that its thread is left behind until it gives up by itself."""
    said: list[Sequence[str] | Exception] = []

    def ask() -> None:
        try:
            said.append(line.resolve(target.host, target.port))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            said.append(error)

    thread = threading.Thread(target=ask, name="resolver", daemon=True)
    thread.start()
    thread.join(line.seconds)
    if not said:
        raise TimeoutError("no name server answered in time")
    if isinstance(said[0], Exception):
        raise said[0]
    return said[0]


def _may_talk(allow: Allowed, target: Target, address: str) -> bool:
    return is_public(address) or allow.host(target.host, target.port) or allow.address(address)


def _talk(line: Line, target: Target, addresses: Sequence[str], headers: Mapping[str, str], body: bytes) -> Answer:
    connection = _Pinned(target, addresses, line)
    handed = False
    try:
        with _Deadline(line.seconds, connection):
            connection.connect()
            handed = True
            connection.request("POST", target.path, body=body, headers=dict(headers))
            with connection.getresponse() as answer:
                text = answer.read(KEPT)
            if connection.is_late:
                raise TimeoutError
            return Answer(Stage.ANSWERED, answer.status, _shown(text), _wait(answer.headers.get("Retry-After")))
    except (OSError, http.client.HTTPException, ValueError) as error:
        is_late = connection.is_late or isinstance(error, TimeoutError)  # whichever clock rings first
        return Answer(Stage.SENT if handed else Stage.CONNECT, text="timed out" if is_late else _said(error))
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one of these addresses, with the host's name in the Host header and in TLS."""

    def __init__(self, target: Target, addresses: Sequence[str], line: Line) -> None:
        super().__init__(target.host, target.port, timeout=min(_CONNECT_SECONDS, line.seconds))
        self._target = target
        self._addresses = addresses
        self._tls = (line.tls or ssl.create_default_context()) if target.secure else None
        self.default_port = 443 if target.secure else 80
        self.is_late = False
        self._open: socket.socket | None = None  # http.client forgets its own while an answer is still read

    def connect(self) -> None:
        """Open it, to the first address that answers."""
        plain = self.sock = self._open = self._reach()
        if self._tls is not None:
            secured = self._tls.wrap_socket(plain, server_hostname=self._target.host, do_handshake_on_connect=False)
            self.sock = self._open = secured
            secured.do_handshake()

    def _reach(self) -> socket.socket:
        trouble: OSError | None = None
        for address in self._addresses[:_MOST_ADDRESSES]:
            if self.is_late:
                break
            try:
                return socket.create_connection((address, self._target.port), self.timeout)
            except OSError as error:
                trouble = error
        raise trouble or TimeoutError

    def hang_up(self) -> None:
        """End whatever goes on, from another thread: a reader wakes up with nothing."""
        self.is_late = True
        if self._open is not None:
            try:
                socket.socket.shutdown(self._open, socket.SHUT_RDWR)
            except OSError:
                return


class _Deadline:
    """Hangs up when the time is over, however slowly the other side drips."""

    def __init__(self, seconds: float, connection: _Pinned) -> None:
        self._timer = threading.Timer(seconds, connection.hang_up)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _said(error: Exception) -> str:
    return clean(str(error) or type(error).__name__, 200)


def _shown(raw: bytes) -> str:
    """An answer as text that can be shown and stored: no control characters, one line."""
    return clean(raw.decode("utf-8", "replace"), KEPT)


def _wait(text: str | None) -> int:
    """Seconds of a Retry-After; its other form, a date, is not looked at."""
    return int(text) if text and text.isdecimal() and len(text) < 7 else 0
