"""A real `nurture` for journeys: the installed command in its own process group, on free ports, with its own folder."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, TypeVar

NURTURE = Path(sys.executable).parent / "nurture"
HUMAN = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
T = TypeVar("T")


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(look: Callable[[], T | None], seconds: float, what: str) -> T:
    """What `look` gives once it gives anything true; fails after `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


class House:
    """One installation: its settings, its commands, its server."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NURTURE_")}
        self.env = inherited | {
            "LANG": "C.UTF-8",
            "NURTURE_DATA_DIR": str(folder / "data"),
            "NURTURE_PORT": str(self.port),
            "NURTURE_MAILBOX_PORT": str(free_port()),
            **{f"NURTURE_{name}": value for name, value in settings.items()},
        }

    @property
    def log(self) -> str:
        """What its processes have said so far."""
        path = self.folder / "log"
        return path.read_text("utf-8") if path.exists() else ""

    def call(self, *arguments: str, status: int = 0) -> str:
        """Run a command; gives what it printed. Its exit status must be as said."""
        done = subprocess.run(
            [NURTURE, *arguments], env=self.env, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == status, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout if status in {0, 1} else done.stdout + done.stderr

    def json(self, *arguments: str, status: int = 0) -> Any:
        """What the command answers with --json."""
        return json.loads(self.call(*arguments, "--json", status=status).strip().splitlines()[-1])

    @contextmanager
    def process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command that runs until told to stop, in a process group of its own; its words go to <folder>/log."""
        with (self.folder / "log").open("ab") as log:
            running = subprocess.Popen(
                [NURTURE, *arguments], env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        try:
            yield running
        finally:
            if running.poll() is None:
                running.send_signal(signal.SIGTERM)
                try:
                    running.wait(30)
                except subprocess.TimeoutExpired:
                    os.killpg(running.pid, signal.SIGKILL)
                    running.wait()
                    raise

    @contextmanager
    def up(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """`nurture up`, ready to answer."""
        with self.process("up", *arguments) as running:
            wait_for(lambda: self.get("/healthz", quiet=True) or running.poll(), 60, "the server answers")
            assert running.poll() is None, (self.folder / "log").read_text("utf-8")
            yield running

    def get(self, path: str, *, agent: str = HUMAN, quiet: bool = False, method: str = "GET") -> str:
        """The body of a page of ours; empty when `quiet` and there is no answer."""
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(
            url, headers={"User-Agent": agent, "Accept-Language": "vi-VN,vi"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return str(answer.read().decode("utf-8"))
        except (urllib.error.URLError, OSError):
            if quiet:
                return ""
            raise

    def redirect(self, url: str, *, agent: str = HUMAN, method: str = "GET") -> tuple[int, str]:
        """Status and Location of a request whose redirect is not followed."""
        request = urllib.request.Request(
            url, headers={"User-Agent": agent, "Accept-Language": "vi-VN,vi"}, method=method
        )
        opener = urllib.request.build_opener(_Stay)
        try:
            with opener.open(request, timeout=10) as answer:
                return int(answer.status), ""
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers.get("Location", "")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Visitor:
    """Somebody signed in, with cookies."""

    def __init__(self, house: House, email: str, password: str) -> None:
        self.house = house
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self.opener.addheaders = [("User-Agent", HUMAN), ("Accept-Language", "en")]
        self.post("/login", email=email, password=password)

    def get(self, path: str) -> str:
        """A page's HTML."""
        with self.opener.open(self.house.url + path, timeout=10) as answer:
            return str(answer.read().decode("utf-8"))

    def post(self, path: str, *, page: str | None = None, **fields: str) -> str:
        """Send a form as the page at `page` (the path itself by default) would; gives the page that follows."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(page or path))
        assert found, f"no form at {page or path}"
        data = urllib.parse.urlencode({"csrf_token": found.group(1), **fields}).encode()
        request = urllib.request.Request(self.house.url + path, data=data, headers={"Referer": self.house.url + path})
        with self.opener.open(request, timeout=10) as answer:
            return str(answer.read().decode("utf-8"))
