"""All settings, read once from NURTURE_* variables; every wrong name and value is reported at once.

A secret may stand in a file: NURTURE_SECRET_KEY_FILE=/run/secrets/key instead of NURTURE_SECRET_KEY.
"""

import importlib
import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from nurture.kernel import inboxes, outside, providers
from nurture.kernel.errors import InputError, Problem, SettingsError
from nurture.kernel.i18n import N_
from nurture.kernel.inboxes import Inbox, SoftBounces
from nurture.kernel.relays import PRESETS, Relay, RelayEntry, RelaysFile, is_loopback, read_per_day, read_rate, read_url
from nurture.kernel.text import clean
from nurture.kernel.zones import zone_named

PREFIX = "NURTURE_"


class UnusableError(ValueError):
    """A setting's value that cannot be used; says what would be."""

    def __init__(self, wanted: str, **params: object) -> None:
        self.wanted = wanted
        self.params = tuple((name, str(value)) for name, value in params.items())
        super().__init__(wanted)


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
    smtp_preset: str
    smtp_rate: float | None  # messages a second; None: as the preset has it
    smtp_per_day: int | None
    relays_file: RelaysFile | None  # several relays instead of one
    mailbox_port: int
    mail_from: str  # "Name <address>"
    bounce_address: str  # where bounces come back, without the token; empty: to the sender
    dkim: tuple[tuple[str, str, str], ...]  # (domain, selector, path of a key or the key itself)
    dkim_dir: Path | None  # of <domain>.<selector>.pem; None: dkim in the data folder
    house_name: str
    house_address: str
    house_phone: str
    house_website: str
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
    worker_advance: int  # chunks of due enrollments that a worker takes at a time
    worker_ingest: int  # chunks of hits and reactions that a worker takes at a time
    keep_hits: int  # days that raw opens and clicks are kept; 0: for ever
    keep_attempts: int  # days that conversations with relays are kept; 0: for ever
    webhook_secrets: tuple[tuple[str, str], ...]  # (name, secret); empty: one is made and kept in the data folder
    webhook_allow: tuple[str, ...]  # hosts and networks that webhooks may go to besides the open internet
    sms_url: str  # empty: text messages go into a file of the data folder
    sms_token: str
    sms_header: str
    sms_body: Mapping[str, Any]
    sms_format: str
    sms_phone: str
    sms_good: str  # where the gateway's answer says yes; empty: any 2xx
    sms_reference: str  # where its answer has a number of its own
    sms_repeats: bool  # it takes the same {id} twice as one
    ses_topics: tuple[str, ...]  # SNS topics that may tell us what became of mail
    ses_certificate: str  # PEM; empty: the one that SNS names, fetched from Amazon
    sendgrid_key: str  # public key of the signed event webhook; empty: it is not heard, as the next three
    mailgun_key: str
    postmark_secret: str  # user:password, or a token
    brevo_secret: str
    inbox_url: Inbox | None  # where returns and replies arrive; None: they are piped in, or told by webhook
    inbox_then: str  # what becomes of a mail that was read
    soft_bounces: SoftBounces
    metrics_port: int  # of /healthz, /readyz and /metrics where there are no pages; 0: none
    metrics_host: str
    metrics_allow: tuple[str, ...]  # networks that may read /metrics besides this machine
    metrics_token: str  # whoever shows it may, too
    heartbeat_url: str  # asked for once a minute while all is well
    log_level: str
    log_format: str
    log_requests: bool

    @property
    def local_zone(self) -> ZoneInfo:
        """The installation's time zone."""
        return ZoneInfo(self.zone)

    @property
    def mailbox(self) -> Relay:
        """The built-in mailbox."""
        return Relay("127.0.0.1", self.mailbox_port)

    @property
    def relays(self) -> tuple[RelayEntry, ...]:
        """Where mail goes: the relays of the file, or the one that is set, or the built-in mailbox."""
        if self.relays_file is not None:
            return self.relays_file.relays
        key = "mailbox" if self.smtp is None else "smtp"
        one = RelayEntry(
            key, self.smtp, self.smtp_preset, self.smtp_rate, self.smtp_per_day,
            senders=self.senders, connections=self.connections,
        )  # fmt: skip
        return (one,)

    @property
    def has_mailbox(self) -> bool:
        """Whether mail, or some of it, goes to the built-in mailbox."""
        return any(one.relay is None for one in self.relays)

    @property
    def stays_here(self) -> bool:
        """Whether no relay lies outside this machine."""
        return all(one.relay is None or one.relay.is_loopback for one in self.relays)

    @property
    def links_reach_leads(self) -> bool:
        """Whether a lead outside could open a link: https and a public host."""
        parts = urlsplit(self.base_url)
        return parts.scheme == "https" and not is_private(parts.hostname or "")


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
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise UnusableError(N_("a port between 0 and 65535"))
    return int(text)


def _count(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise UnusableError(N_("a number between %(low)s and %(high)s"), low=low, high=high)
        return int(text)

    return read


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://", "postgres://")):
        raise UnusableError(N_("an address that starts with sqlite:/// or postgresql://"))
    if text == "sqlite:///" or ":memory:" in text:
        raise UnusableError(N_("a file: sqlite:////var/lib/nurture/nurture.db"))
    return text.replace("postgres://", "postgresql://", 1)


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise UnusableError(N_("an address such as https://nurture.example.vn"))
    try:
        _ = parts.port
    except ValueError as error:
        raise UnusableError(N_("an address such as https://nurture.example.vn")) from error
    return text.rstrip("/")


def _relays_file(text: str) -> RelaysFile | None:
    if not text:
        return None
    # Read by a module of its own, which brings a parser along that few installations need.
    found: RelaysFile = importlib.import_module("nurture.kernel.relayfile").load(Path(text).expanduser().absolute())
    return found


def _sender(text: str) -> str:
    name, address = parseaddr(text)
    if address.count("@") != 1 or not address.isascii() or any(c in text for c in "\r\n") or " " in address:
        raise UnusableError(N_('a sender such as "An Phát <tin@anphat.example>"'))
    return f"{clean(name)} <{address}>" if name else address


def _zone(text: str) -> str:
    if zone_named(text) is None:
        raise UnusableError(N_("a time zone such as Asia/Ho_Chi_Minh"))
    return text


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise UnusableError(N_("one of %(known)s"), known=", ".join(allowed))
        return text

    return read


def _folder(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser().absolute()
    if not path.is_dir():
        raise UnusableError(N_("a folder that exists"))
    return path


def _lapse(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed <= 1_000_000:
        raise UnusableError(N_("engine seconds for each real second: 0 (off) to 1000000"))
    return speed


def _networks(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in parts:
        try:
            ipaddress.ip_network(part, strict=False)
        except ValueError as error:
            raise UnusableError(N_("addresses or networks such as 10.0.0.0/8, by comma")) from error
    return parts


# name -> (how it is read, the default as text or made from what is known)
_READERS: dict[str, tuple[Callable[[str], Any], Any]] = {
    "data_dir": (lambda text: Path(text).expanduser().absolute(), None),
    "database_url": (_database_url, None),
    "host": (str, "127.0.0.1"),
    "port": (_port, "8000"),
    "base_url": (_base_url, None),
    "secret_key": (str, ""),
    "smtp": (read_url, ""),
    "smtp_preset": (_choice(*PRESETS), "plain"),
    "smtp_rate": (read_rate, ""),
    "smtp_per_day": (read_per_day, ""),
    "relays_file": (_relays_file, ""),
    "mailbox_port": (_port, "8025"),
    "mail_from": (_sender, "nurture <hello@nurture.example>"),
    "bounce_address": (outside.bounce_address, ""),
    "dkim": (outside.dkim_keys, ""),
    "dkim_dir": (_folder, ""),
    "house_name": (clean, ""),
    "house_address": (clean, ""),
    "house_phone": (clean, ""),
    "house_website": (clean, ""),
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
    "worker_advance": (_count(1, 32), "2"),
    "worker_ingest": (_count(1, 32), "2"),
    "keep_hits": (_count(0, 36_500), "400"),
    "keep_attempts": (_count(0, 36_500), "400"),
    "webhook_secrets": (outside.webhook_secrets, ""),
    "webhook_allow": (outside.hosts, ""),
    "sms_url": (outside.gateway_url, ""),
    "sms_token": (outside.secret, ""),
    "sms_header": (outside.gateway_header, "Authorization: Bearer {token}"),
    "sms_body": (outside.gateway_body, '{"to": "{phone}", "text": "{text}", "id": "{id}"}'),
    "sms_format": (_choice("json", "form"), "json"),
    "sms_phone": (_choice("e164", "plain", "national"), "e164"),
    "sms_good": (outside.gateway_good, ""),
    "sms_reference": (outside.gateway_path, ""),
    "sms_repeats": (lambda text: _choice("yes", "no")(text) == "yes", "no"),
    "ses_topics": (providers.topics, ""),
    "ses_certificate": (providers.certificate, ""),
    "sendgrid_key": (providers.public_key, ""),
    "mailgun_key": (providers.shared_secret, ""),
    "postmark_secret": (providers.shared_secret, ""),
    "brevo_secret": (providers.shared_secret, ""),
    "inbox_url": (inboxes.inbox_url, ""),
    "inbox_then": (inboxes.inbox_then, "seen"),
    "soft_bounces": (inboxes.soft_bounces, "5 in 14 days"),
    "metrics_port": (_port, "0"),
    "metrics_host": (str, "127.0.0.1"),
    "metrics_allow": (_networks, ""),
    "metrics_token": (outside.secret, ""),
    "heartbeat_url": (outside.heartbeat_url, ""),
    "log_level": (_choice("debug", "info", "warning", "error"), "info"),
    "log_format": (_choice("auto", "json", "text"), "auto"),
    "log_requests": (lambda text: _choice("yes", "no")(text) == "yes", "no"),
}
_VARIABLES = {name: "SMTP_URL" if name == "smtp" else name.upper() for name in _READERS}
_SECRETS = {"SECRET_KEY", "SMTP_URL", "DATABASE_URL", "WEBHOOK_SECRETS", "SMS_TOKEN", "DKIM", "INBOX_URL"} | {
    "SES_CERTIFICATE", "SENDGRID_KEY", "MAILGUN_KEY", "POSTMARK_SECRET", "BREVO_SECRET", "METRICS_TOKEN",
    "HEARTBEAT_URL",
}  # fmt: skip
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
            problems.append(
                Problem(
                    "unknown_setting",
                    N_("%(name)s: there is no such setting"),
                    N_("all of them stand in .env.example"),
                    params=(("name", name),),
                )
            )
            continue
        variable = name.removeprefix(PREFIX)
        if variable.endswith("_FILE") and variable.removesuffix("_FILE") in _SECRETS:
            variable = variable.removesuffix("_FILE")
            if PREFIX + variable in env:
                problems.append(
                    Problem(
                        "set_twice",
                        N_("%(name)s and %(other)s are both set"),
                        N_("keep one of the two"),
                        params=(("name", name), ("other", PREFIX + variable)),
                    )
                )
                continue
            try:
                given[variable] = Path(env[name]).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(
                    Problem(
                        "unreadable",
                        N_("%(name)s: the file %(path)s cannot be read: %(error)s"),
                        params=(("name", name), ("path", env[name]), ("error", str(error))),
                    )
                )
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
        follows = not isinstance(default, str) and not given.get(variable)
        if follows and problems:
            values[name] = None  # what it follows from may be the very thing that is wrong
            continue
        text = given.get(variable) or (_derived(name, values, env) if follows else default or "")
        try:
            values[name] = read(text)
        except InputError as error:
            problems += error.problems
            values[name] = None
        except ValueError as error:
            shown = "…" if variable in _SECRETS else given.get(variable, "")
            wanted, params = (error.wanted, error.params) if isinstance(error, UnusableError) else (str(error), ())
            problems.append(
                Problem(
                    "bad_setting",
                    N_("%(name)s: “%(value)s” cannot be used"),
                    wanted,
                    params=(("name", PREFIX + variable), ("value", shown), *params),
                )
            )
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
    several: RelaysFile | None = values["relays_file"]
    if smtp is not None and several is not None:
        names = (("name", "NURTURE_SMTP_URL"), ("other", "NURTURE_RELAYS_FILE"))
        found.append(
            Problem("set_twice", N_("%(name)s and %(other)s are both set"), N_("keep one of the two"), params=names)
        )
    ways = [smtp, *(one.relay for one in (several.relays if several else ()))]
    outside_ways = [one for one in ways if one is not None and not one.is_loopback]
    if values["time_lapse"] and outside_ways:
        found.append(
            Problem(
                "time_lapse_outside",
                N_("NURTURE_TIME_LAPSE with a relay outside (%(relay)s) would mail real people"),
                N_("unset NURTURE_TIME_LAPSE, or NURTURE_SMTP_URL"),
                params=(("relay", outside_ways[0].shown()),),
            )
        )
    if values["time_lapse"] and values["sms_url"] and not is_loopback(urlsplit(values["sms_url"]).hostname or ""):
        found.append(
            Problem(
                "time_lapse_outside",
                N_("NURTURE_TIME_LAPSE with an SMS gateway outside would text real people"),
                N_("unset NURTURE_TIME_LAPSE, or NURTURE_SMS_URL"),
            )
        )
    return found
