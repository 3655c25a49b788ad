"""A browser without script: gets pages, fills the forms it was given, follows what it is told."""

import re
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from tests.web.filled import PASSWORD

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Client:
    """Flask's test client with the CSRF token of the last page in hand."""

    def __init__(self, app: Flask) -> None:
        self.flask = app.test_client()
        self.token = ""

    def get(self, path: str, **headers: str) -> TestResponse:
        """A page; its CSRF token is kept."""
        answer = self.flask.get(path, headers={key.replace("_", "-"): value for key, value in headers.items()})
        found = _TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        self.token = found[1] if found else self.token
        return answer

    def post(self, path: str, data: dict[str, Any] | None = None, **headers: str) -> TestResponse:
        """Send a form, with the token."""
        if not self.token:
            self.get("/login")
        sent = {"csrf_token": self.token, **(data or {})}
        return self.flask.post(
            path, data=sent, headers={key.replace("_", "-"): value for key, value in headers.items()}
        )

    def follow(self, answer: TestResponse) -> TestResponse:
        """The page that a 303 leads to."""
        assert answer.status_code == 303, answer.text[:2000]
        return self.get(answer.headers["Location"])

    def sign_in(self, who: str) -> "Client":
        """Sign in as one of the staff."""
        self.get("/login")
        answer = self.post("/login", {"email": f"{who}@example.com", "password": PASSWORD})
        assert answer.status_code == 303, answer.text[:2000]
        self.get("/me")
        return self
