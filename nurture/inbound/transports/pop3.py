"""`pop3`: a POP3 mailbox (RFC 1939), read by UIDL; mails stay, and are deleted only where that is set."""

import contextlib
import poplib
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from nurture.inbound.transports import TIMEOUT, BoxError
from nurture.kernel.inboxes import Inbox

_LINES = 500  # of a mail that is too large to be had whole
# The library takes 2,048 characters a line for an attack; mails with longer ones are sent every day.
poplib._MAXLINE = 1_000_000  # type: ignore[attr-defined]  # noqa: SLF001


def connect(inbox: Inbox, context: ssl.SSLContext) -> "Pop3":
    """The mailbox, signed in."""
    with _asked():
        if inbox.security == "tls":
            client: poplib.POP3 = poplib.POP3_SSL(inbox.host, inbox.port, context=context, timeout=TIMEOUT)
        else:
            client = poplib.POP3(inbox.host, inbox.port, timeout=TIMEOUT)
    try:
        with _asked():
            client.encoding = "UTF-8"
            if inbox.security == "starttls":
                client.stls(context)
            client.user(inbox.user)
            client.pass_(inbox.password)
            return Pop3(client)
    except BaseException:
        client.close()
        raise


class Pop3:
    """One session: what is deleted in it goes when it ends well."""

    validity = 0

    def __init__(self, client: poplib.POP3) -> None:
        self._client = client
        self._numbers: dict[str, int] = {}
        for line in client.uidl()[1]:
            number, _, name = line.decode("ascii", "replace").partition(" ")
            self._numbers[name] = int(number)
        self._sizes = {}
        for line in client.list()[1]:
            number, _, size = line.decode("ascii", "replace").partition(" ")
            self._sizes[int(number)] = int(size.split()[0])

    def new(self, after: int, since: date, seen: frozenset[str]) -> Sequence[str]:  # noqa: ARG002 - the protocol's form
        """What the server lists, in its order."""
        return [name for name in self._numbers if name not in seen]

    def read(self, name: str, most: int) -> bytes | None:
        """Of a mail that is too large its head and first lines."""
        number = self._numbers.get(name)
        if number is None:
            return None
        with _asked():
            whole = self._sizes.get(number, 0) <= most
            lines = self._client.retr(number)[1] if whole else self._client.top(number, _LINES)[1]
        return b"\r\n".join(lines)[:most] + b"\r\n"

    def done(self, names: Sequence[str], then: str) -> None:
        """Deleted where that is set."""
        for name in names if then == "delete" else ():
            if name in self._numbers:
                with _asked():
                    self._client.dele(self._numbers[name])

    def there(self, names: frozenset[str]) -> frozenset[str]:
        """Those that the server still lists."""
        return names & self._numbers.keys()

    def last(self) -> int:
        """Mails have no numbers that last."""
        return 0

    def close(self) -> None:
        """With QUIT, which deletes."""
        with contextlib.suppress(OSError, poplib.error_proto):
            self._client.quit()
        with contextlib.suppress(OSError):  # quit leaves it open where the server does not answer
            self._client.close()


@contextmanager
def _asked() -> Iterator[None]:
    """The library's errors as ours."""
    try:
        yield
    except (poplib.error_proto, OSError, EOFError, ValueError) as error:
        said = error.args[0] if error.args else ""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)
        raise BoxError(f"{type(error).__name__}: {text}"[:300]) from error
