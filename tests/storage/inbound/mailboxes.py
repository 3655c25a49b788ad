"""Two small mail servers on a socket, as far as a reader needs them: IMAP (RFC 3501) and POP3 (RFC 1939)."""

import base64
import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

SECRET = b"\0me\0geheim"


@dataclass
class Mailbox:
    """What lies in it, and what it was told. The connection ends when a mail of `breaks` is asked for."""

    mails: dict[int, bytes] = field(default_factory=dict)
    validity: int = 7
    flags: dict[int, set[str]] = field(default_factory=dict)
    moved: dict[str, list[int]] = field(default_factory=dict)
    breaks: set[int] = field(default_factory=set)
    ends_at: set[str] = field(default_factory=set)  # commands at which it ends
    offers: str = "IMAP4rev1 AUTH=PLAIN MOVE UIDPLUS"
    heard: list[str] = field(default_factory=list)

    def arrive(self, *raws: bytes) -> None:
        """More mail."""
        for raw in raws:
            self.mails[max(self.mails, default=0) + 1] = raw

    @property
    def read(self) -> list[int]:
        """Numbers of mails that are marked as seen."""
        return sorted(number for number, flags in self.flags.items() if r"\Seen" in flags)


class _Imap(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.box: Mailbox = self.server.box  # type: ignore[attr-defined]
        self._known = False  # to strangers little is offered
        self._say("* OK ready")
        for line in self.rfile:
            tag, _, asked = line.decode().rstrip("\r\n").partition(" ")
            self.box.heard.append(asked)
            word, _, rest = asked.partition(" ")
            if word == "UID":
                word, _, rest = rest.partition(" ")
            answer = None if word in self.box.ends_at else getattr(self, f"_{word.lower()}")(rest)
            if answer is None:
                return
            self._say(f"{tag} {answer} done")
            if word == "LOGOUT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _capability(self, _: str) -> str:
        offers = self.box.offers.split()
        shown = offers if self._known else [one for one in offers if one.startswith(("IMAP4", "AUTH"))]
        self._say(f"* CAPABILITY {' '.join(shown)}")
        return "OK"

    def _authenticate(self, _: str) -> str:
        self._say("+ ")
        self._known = base64.b64decode(self.rfile.readline()) == SECRET
        return "OK" if self._known else "NO wrong password"

    def _login(self, rest: str) -> str:
        self._known = rest == '"me" "geheim"'
        return "OK" if self._known else "NO wrong password"

    def _select(self, rest: str) -> str:
        if rest not in {'"INBOX"', '"Th&AbA-"'}:
            return "NO there is no such folder"
        box = self.box
        self._say(f"* {len(box.mails)} EXISTS")
        self._say(f"* OK [UIDVALIDITY {box.validity}]")
        self._say(f"* OK [UIDNEXT {max(box.mails, default=0) + 1}]")
        return "OK [READ-WRITE]"

    def _search(self, rest: str) -> str:
        found = sorted(self.box.mails)
        if begin := re.match(r"UID (\d+):\*", rest):
            found = [one for one in found if one >= int(begin[1])] or found[-1:]
        self._say(f"* SEARCH {' '.join(map(str, found))}")
        return "OK"

    def _fetch(self, rest: str) -> str | None:
        number, most = int(rest.split(maxsplit=1)[0]), int(re.search(r"<0\.(\d+)>", rest)[1])  # type: ignore[index]
        if number in self.box.breaks:
            return None
        raw = self.box.mails.get(number, b"")[:most]
        if raw:
            self.wfile.write(b"* 1 FETCH (UID %d BODY[]<0> {%d}\r\n%s)\r\n" % (number, len(raw), raw))
        return "OK"

    def _store(self, rest: str) -> str:
        numbers, _, flags = rest.split(" ", 2)
        for number in map(int, numbers.split(",")):
            self.box.flags.setdefault(number, set()).update(flags.strip("()").split())
        return "OK"

    def _move(self, rest: str) -> str:
        numbers, _, folder = rest.partition(" ")
        if folder not in self.box.moved:
            return "NO [TRYCREATE] there is no such folder"
        for number in map(int, numbers.split(",")):
            if self.box.mails.pop(number, None) is not None:
                self.box.moved[folder].append(number)
        return "OK"

    def _copy(self, rest: str) -> str:
        numbers, _, folder = rest.partition(" ")
        self.box.moved.setdefault(folder, []).extend(map(int, numbers.split(",")))
        return "OK"

    def _create(self, folder: str) -> str:
        self.box.moved[folder] = []
        return "OK"

    def _expunge(self, rest: str) -> str:
        for number in map(int, rest.split(",")):
            if r"\Deleted" in self.box.flags.get(number, ()):
                self.box.mails.pop(number, None)
        return "OK"

    def _logout(self, _: str) -> str:
        return "OK"


class _Pop3(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.box: Mailbox = self.server.box  # type: ignore[attr-defined]
        self.gone: set[int] = set()
        self._say("+OK ready")
        for line in self.rfile:
            word, _, rest = line.decode().strip().partition(" ")
            self.box.heard.append(f"{word} {rest}".strip())
            if word in self.box.ends_at or getattr(self, f"_{word.lower()}")(rest) is False:
                return

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _user(self, _: str) -> None:
        self._say("+OK")

    def _pass(self, secret: str) -> None:
        self._say("+OK" if secret == "geheim" else "-ERR wrong password")

    def _uidl(self, _: str) -> None:
        self._say("+OK", *(f"{one} u{one}" for one in sorted(self.box.mails)), ".")

    def _list(self, _: str) -> None:
        self._say("+OK", *(f"{one} {len(raw)}" for one, raw in sorted(self.box.mails.items())), ".")

    def _retr(self, rest: str) -> bool | None:
        number = int(rest.split(maxsplit=1)[0])
        if number in self.box.breaks:
            return False
        lines = self.box.mails[number].split(b"\r\n")
        self.wfile.write(b"+OK\r\n" + b"".join(b"." * one.startswith(b".") + one + b"\r\n" for one in lines) + b".\r\n")
        return None

    _top = _retr

    def _dele(self, rest: str) -> None:
        self.gone.add(int(rest))
        self._say("+OK")

    def _quit(self, _: str) -> bool:
        for number in self.gone:
            self.box.mails.pop(number, None)
        self._say("+OK")
        return False


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A reader that hangs up is none."""


@contextmanager
def serving(protocol: str, box: Mailbox, trust: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a server for this mailbox, over TLS with a server's context."""
    with _Server(("127.0.0.1", 0), {"imap": _Imap, "pop3": _Pop3}[protocol]) as server:
        server.box = box  # type: ignore[attr-defined]
        if trust is not None:
            server.socket = trust.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join(5)
