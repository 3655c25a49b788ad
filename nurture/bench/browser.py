"""A browser for measuring: one connection kept open, a session, pages and the time each takes (I/O)."""

import http.client
import re
import time
from urllib.parse import urlencode

from nurture.bench.failures import WrongWorkError
from nurture.kernel.i18n import N_

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_PATIENCE = 120.0


class Browser:
    """Asks a server on this machine; signed in after `sign_in`."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page."""
        return self._ask("GET", path)

    def timed(self, path: str) -> float:
        """Seconds until the whole page was there. WrongWorkError unless it is a page."""
        began = time.perf_counter()
        status, _ = self._ask("GET", path)
        took = time.perf_counter() - began
        if status != http.client.OK:
            raise WrongWorkError(N_("The page %(path)s answered %(status)s"), path=path, status=status)
        return took

    def sign_in(self, email: str, password: str) -> None:
        """WrongWorkError when the server does not take it."""
        _, text = self.get("/login")
        token = _TOKEN.search(text)
        form = {"csrf_token": token[1] if token else "", "email": email, "password": password}
        status, _ = self._ask("POST", "/login", urlencode(form))
        if status != http.client.SEE_OTHER:
            raise WrongWorkError(N_("The page %(path)s answered %(status)s"), path="/login", status=status)

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            answer = self._answer(method, path, body, headers)
        except ConnectionError:  # a connection that rested for long is let go by the server, as browsers know
            self._connection.close()
            answer = self._answer(method, path, body, headers)
        text = answer.read().decode("utf-8", "replace")
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, content = value.split(";")[0].partition("=")
                self._cookies[cookie] = content
        return answer.status, text

    def _answer(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> http.client.HTTPResponse:
        self._connection.request(method, path, body, headers)
        return self._connection.getresponse()
