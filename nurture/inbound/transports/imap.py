"""`imap`: an IMAP mailbox (RFC 3501), read by UID; mails are marked or moved, and deleted only where that is set."""

import base64
import contextlib
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from nurture.inbound.transports import TIMEOUT, BoxError
from nurture.kernel.inboxes import Inbox

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # in no other language
_TOGETHER = 500  # UIDs of one command


def connect(inbox: Inbox, context: ssl.SSLContext) -> "Imap":
    """The folder, open."""
    with _asked():
        if inbox.security == "tls":
            client: imaplib.IMAP4 = imaplib.IMAP4_SSL(inbox.host, inbox.port, ssl_context=context, timeout=TIMEOUT)
        else:
            client = imaplib.IMAP4(inbox.host, inbox.port, timeout=TIMEOUT)
    try:
        with _asked():
            if inbox.security == "starttls":
                client.starttls(context)
            _sign_in(client, inbox)
            return Imap(client, inbox.folder)
    except BaseException:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            client.shutdown()
        raise


def _sign_in(client: imaplib.IMAP4, inbox: Inbox) -> None:
    """PLAIN (RFC 4616) where it is offered, since LOGIN knows no letters beyond ASCII."""
    if "AUTH=PLAIN" in client.capabilities:
        said = f"\0{inbox.user}\0{inbox.password}".encode()
        client.authenticate("PLAIN", lambda _: said)
    else:
        client.login(_quoted(inbox.user), inbox.password)


class Imap:
    """One folder of one connection."""

    def __init__(self, client: imaplib.IMAP4, folder: str) -> None:
        self._client = client
        # What it offers after signing in is not what it offered before, which is all that the library keeps.
        offers = b" ".join(_good(client.capability())).decode("ascii", "replace")
        self._offers = frozenset(offers.upper().split())
        _good(client.select(_quoted(utf7(folder))))
        self.validity = self._number("UIDVALIDITY")
        self._next = self._number("UIDNEXT")

    def _number(self, name: str) -> int:
        _, data = self._client.response(name)
        return int(data[0]) if data and data[0] else 0

    def new(self, after: int, since: date, seen: frozenset[str]) -> Sequence[str]:
        """UIDs, ascending."""
        day = f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}"
        asked = ("UID", f"{after + 1}:*") if after else ("SINCE", day)
        with _asked():
            data = _good(self._client.uid("SEARCH", *asked))
        numbers = sorted({int(one) for part in data if part for one in part.split()})
        return [str(one) for one in numbers if one > after and str(one) not in seen]  # `*` is the last, however low

    def read(self, name: str, most: int) -> bytes | None:
        """Without marking it as seen."""
        with _asked():
            data = _good(self._client.uid("FETCH", name, f"(BODY.PEEK[]<0.{most}>)"))
        return next((bytes(part[1]) for part in data if isinstance(part, tuple)), None)

    def done(self, names: Sequence[str], then: str) -> None:
        """Marked as seen, moved, or deleted; `keep` leaves no trace."""
        for start in range(0, len(names) if then != "keep" else 0, _TOGETHER):
            part = ",".join(names[start : start + _TOGETHER])
            with _asked():
                if then.startswith("move:"):
                    self._move(part, _quoted(utf7(then.removeprefix("move:").strip())))
                elif then == "delete":
                    self._delete(part)
                else:
                    _good(self._client.uid("STORE", part, "+FLAGS.SILENT", r"(\Seen)"))

    def _move(self, part: str, folder: str) -> None:
        """By MOVE (RFC 6851), else by copying; a folder that is not there is made."""
        has_move = "MOVE" in self._offers
        command = "MOVE" if has_move else "COPY"
        status, data = self._client.uid(command, part, folder)
        if status != "OK":
            _good(self._client.create(folder))
            status, data = self._client.uid(command, part, folder)
        _good((status, data))
        if not has_move:
            self._delete(part)

    def _delete(self, part: str) -> None:
        """These alone: without UIDPLUS (RFC 4315) they stay marked, since EXPUNGE takes what others have marked too."""
        _good(self._client.uid("STORE", part, "+FLAGS.SILENT", r"(\Seen \Deleted)"))
        if "UIDPLUS" in self._offers:
            _good(self._client.uid("EXPUNGE", part))

    def there(self, names: frozenset[str]) -> frozenset[str]:  # noqa: ARG002 - the protocol's form
        """None: the last number says it."""
        return frozenset()

    def last(self) -> int:
        """What comes later has a higher UID."""
        return max(self._next - 1, 0)

    def close(self) -> None:
        """Without CLOSE, which would expunge."""
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            self._client.logout()
        with contextlib.suppress(OSError):  # logout leaves it open where the server does not answer
            self._client.shutdown()


@contextmanager
def _asked() -> Iterator[None]:
    """The library's errors as ours."""
    try:
        yield
    except (imaplib.IMAP4.error, OSError, EOFError, ValueError) as error:
        raise BoxError(f"{type(error).__name__}: {_text(error)}"[:300]) from error


def _text(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)


def _good(answer: tuple[str, list[Any]]) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(b" ".join(one for one in data if isinstance(one, bytes)) or status.encode())
    return data


def _quoted(text: str) -> str:
    """A quoted string (RFC 3501, 4.3)."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def utf7(folder: str) -> str:
    """A folder's name as IMAP writes it (RFC 3501, 5.1.3)."""
    return re.sub(r"[^\x20-\x7e]+", _shifted, folder.replace("&", "&-"))


_shifted: Callable[[re.Match[str]], str] = lambda found: (  # noqa: E731
    "&" + base64.b64encode(found[0].encode("utf-16-be")).decode("ascii").rstrip("=").replace("/", ",") + "-"
)
