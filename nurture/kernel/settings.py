"""All settings, read once from NURTURE_* variables; every wrong name and value is reported at once.

A secret may stand in a file: NURTURE_SECRET_KEY_FILE=/run/secrets/key instead of NURTURE_SECRET_KEY.
"""

import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nurture.kernel.errors import Problem, SettingsError
from nurture.kernel.text import clean

PREFIX = "NURTURE_"


@dataclass(frozen=True, slots=True)
class Relay:
    """Where mail is handed over. `security` is `plain`, `starttls` or `tls`."""

    host: str
    port: int
    security: str = "plain"
    user: str = ""
    password: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether mail stays on this machine."""
        return is_loopback(self.host)

    def shown(self) -> str:
        """The relay without its secret."""
        scheme = {"plain": "smtp", "starttls": "smtp+starttls", "tls": "smtps"}[self.security]
        return f"{scheme}://{self.user + '@' if self.user else ''}{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything an installation can set. Field `x_y` is read from NURTURE_X_Y."""

    data_dir: Path
    database_url: str
    host: str
    port: int
    base_url: str
    secret_key: str  # empty: one is made and kept in the data folder
    smtp: Relay | None  # None: the built-in mailbox
    mailbox_port: int
    mail_from: str  # "Name <address>"
    house_name: str
    house_address: str
    zone: str
    language: str
    law: str
    campaigns_dir: Path | None  # None: the gallery that comes along
    templates_dir: Path | None
    time_lapse: float  # engine seconds for each real second; 0: the real clock
    trusted_proxies: tuple[str, ...]
    keys_file: Path
    senders: int
    connections: int  # open conversations for each sender
    heartbeat_url: str

    @property
    def local_zone(self) -> ZoneInfo:
        """The installation's time zone."""
        return ZoneInfo(self.zone)

    @property
    def relay(self) -> Relay:
        """Where mail goes: the relay set, or the built-in mailbox."""
        return self.smtp or Relay("127.0.0.1", self.mailbox_port)

    @property
    def links_reach_leads(self) -> bool:
        """Whether a lead outside could open a link: https and a public host."""
        parts = urlsplit(self.base_url)
        return parts.scheme == "https" and not is_private(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Whether the host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Whether the host can be reached from this network only."""
    if is_loopback(host) or ("." not in host.strip(".") and ":" not in host):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".local", ".internal", ".lan", ".home.arpa"))


def _data_dir(env: Mapping[str, str]) -> Path:
    home = env.get("XDG_DATA_HOME") or str(Path(env.get("HOME", "~")).expanduser() / ".local" / "share")
    return Path(home) / "nurture"


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError("a port is between 0 and 65535")
    return number


def _count(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(f"between {low} and {high}")
        return number

    return read


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")):
        raise ValueError("it starts with sqlite:/// or postgresql://")
    if text == "sqlite:///" or ":memory:" in text:
        raise ValueError("SQLite needs a file")
    return text.replace("postgres://", "postgresql://", 1)


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an address such as https://nurture.example.vn")
    _ = parts.port
    return text.rstrip("/")


def _relay(text: str) -> Relay | None:
    if not text:
        return None
    parts = urlsplit(text)
    security = {"smtp": "plain", "smtps": "tls", "smtp+starttls": "starttls"}.get(parts.scheme)
    if security is None or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("smtp://, smtps:// or smtp+starttls://user:password@host:port")
    default = {"plain": 25, "tls": 465, "starttls": 587}[security]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and security == "plain" and not is_loopback(parts.hostname):
        raise ValueError("a password over smtp:// would be read by anybody; use smtp+starttls:// or smtps://")
    return Relay(parts.hostname, parts.port or default, security, user, password)


def _sender(text: str) -> str:
    name, address = parseaddr(text)
    if address.count("@") != 1 or not address.isascii() or any(c in text for c in "\r\n") or " " in address:
        raise ValueError('a sender such as "An Phát <tin@anphat.example>"')
    return f"{clean(name)} <{address}>" if name else address


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("a time zone such as Asia/Ho_Chi_Minh") from error
    return text


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError("one of " + ", ".join(allowed))
        return text

    return read


def _folder(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser().absolute()
    if not path.is_dir():
        raise ValueError("there is no such folder")
    return path


def _lapse(text: str) -> float:
    speed = float(text)
    if not 0 <= speed <= 1_000_000:
        raise ValueError("engine seconds for each real second: 0 (off) to 1000000")
    return speed


def _networks(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in parts:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError as error:
            raise ValueError(f"addresses or networks such as 10.0.0.0/8, and {part!r} is none") from error
    return parts


def _hook(text: str) -> str:
    if text and urlsplit(text).scheme not in {"http", "https"}:
        raise ValueError("an http(s) address")
    return text


# name -> (how it is read, the default as text or made from what is known)
_READERS: dict[str, tuple[Callable[[str], Any], Any]] = {
    "data_dir": (lambda text: Path(text).expanduser().absolute(), None),
    "database_url": (_database_url, None),
    "host": (str, "127.0.0.1"),
    "port": (_port, "8000"),
    "base_url": (_base_url, None),
    "secret_key": (str, ""),
    "smtp": (_relay, ""),
    "mailbox_port": (_port, "8025"),
    "mail_from": (_sender, "nurture <hello@nurture.example>"),
    "house_name": (clean, ""),
    "house_address": (clean, ""),
    "zone": (_zone, "Asia/Ho_Chi_Minh"),
    "language": (_choice("vi", "en"), "vi"),
    "law": (_choice("vn", "eu", "us", "none"), "vn"),
    "campaigns_dir": (_folder, ""),
    "templates_dir": (_folder, ""),
    "time_lapse": (_lapse, "0"),
    "trusted_proxies": (_networks, ""),
    "keys_file": (lambda text: Path(text).expanduser().absolute(), None),
    "senders": (_count(1, 32), "2"),
    "connections": (_count(1, 64), "2"),
    "heartbeat_url": (_hook, ""),
}
_VARIABLES = {name: "SMTP_URL" if name == "smtp" else name.upper() for name in _READERS}
_SECRETS = {"SECRET_KEY", "SMTP_URL", "DATABASE_URL"}
# Read elsewhere: by the tests and by the command line itself.
_ALSO = {"NURTURE_COLOR"}


def _raw(env: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    """What the environment says, by variable without its prefix; secrets out of their files."""
    known = {PREFIX + variable for variable in _VARIABLES.values()} | {f"{PREFIX}{s}_FILE" for s in _SECRETS} | _ALSO
    given: dict[str, str] = {}
    for name in sorted(env):
        if not name.startswith(PREFIX):
            continue
        if name not in known:
            problems.append(Problem("unknown_setting", f"{name}: there is no such setting", "see .env.example"))
            continue
        variable = name.removeprefix(PREFIX)
        if variable.endswith("_FILE") and variable.removesuffix("_FILE") in _SECRETS:
            variable = variable.removesuffix("_FILE")
            if PREFIX + variable in env:
                problems.append(Problem("set_twice", f"{name}: {PREFIX}{variable} is set too", "keep one of the two"))
                continue
            try:
                given[variable] = Path(env[name]).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(Problem("unreadable", f"{name}: {env[name]} cannot be read: {error}"))
        else:
            given[variable] = env[name].strip()
    return given


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """The settings of an environment (this process's by default). SettingsError names every problem at once."""
    env = os.environ if env is None else env
    problems: list[Problem] = []
    given = _raw(env, problems)
    values: dict[str, Any] = {}
    for name, (read, default) in _READERS.items():
        variable = _VARIABLES[name]
        text = given.get(variable) or (default if isinstance(default, str) else _derived(name, values, env))
        try:
            values[name] = read(text)
        except ValueError as error:
            shown = "" if variable in _SECRETS else f"{given.get(variable, '')!r}: "
            problems.append(Problem("bad_setting", f"{PREFIX}{variable}: {shown}{error}"))
            values[name] = None
    if not problems:
        problems += _together(values)
    if problems:
        raise SettingsError(problems)
    return Settings(**{f.name: values[f.name] for f in fields(Settings)})


def _derived(name: str, values: Mapping[str, Any], env: Mapping[str, str]) -> str:
    """Defaults that follow from other settings."""
    if name == "data_dir":
        return str(_data_dir(env))
    if name == "database_url":
        return f"sqlite:///{values['data_dir'] / 'nurture.db'}"
    if name == "base_url":
        host = values["host"] or "127.0.0.1"
        shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared, not bound
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{values['port']}"
    return str(values["data_dir"] / "keys.json")


def _together(values: Mapping[str, Any]) -> list[Problem]:
    """What no single setting can tell."""
    found = []
    smtp: Relay | None = values["smtp"]
    if values["time_lapse"] and smtp is not None and not smtp.is_loopback:
        found.append(
            Problem(
                "time_lapse_outside",
                f"{PREFIX}TIME_LAPSE: time-lapse with a relay outside ({smtp.shown()}) would mail real people",
                f"unset {PREFIX}TIME_LAPSE, or {PREFIX}SMTP_URL",
            )
        )
    return found
