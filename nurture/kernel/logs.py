"""Structured lines on stderr: what happened, with figures. The one place where logs are set up.

Nobody gives a name, an address or a secret to a log. The last processor is a net for what comes along all the same, in
the text of a foreign error above all: it masks addresses, phone numbers, tokens and the secrets of URLs, and cuts off
what a database adds about a row.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from nurture.kernel.text import clean

LONGEST = 8_000  # characters of one value
MASK = "***"
_DEEPEST = 6
_SECRET_NAMES = re.compile(
    r"(?:^|_)(?:password|passwd|secret|token|authorization|cookie|api_?key|private_?key|email|address|phone|name"
    r"|given_?name|rcpt|mail_from|subject|body|answer|agent|ip)$",
    re.IGNORECASE,
)
# What keys of that form are called that hold neither.
_HARMLESS = frozenset({"name", "loop_name", "file_name", "logger_name"})
_WORD = r"[^\s<>()\[\]\"',;:|/=@]"
_EMAIL = re.compile(rf"{_WORD}{{1,256}}@{_WORD}{{1,256}}")
_PHONE = re.compile(r"(?<![\w.-])(?:\+\d[\d .-]{7,17}\d|0\d(?:[ .-]?\d){8,9})(?![\w-])")
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#]*@")
_PARAMETER = re.compile(
    r"([?&;\s\"'{,]|^)((?:[\w-]*(?:token|secret|password|passwd|pwd|signature|sig|api_?key|access_?key|auth|key))"
    r"[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;}]+",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(Bearer|Basic|Token)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
_PATH = re.compile(r"(/(?:o|c|u|y|invite|reset|your-page|hooks/in/[\w-]+)/)[^\s/?#\"'<>]+")
_WHSEC = re.compile(r"whsec_[A-Za-z0-9+/=_-]+")
_PEM = re.compile(r"-----BEGIN [^-]*-----.*?(?:-----END [^-]*-----|\Z)", re.DOTALL)
_BLOB = re.compile(r"(?<![\w/.-])(?=[\w-]*[A-Z])(?=[\w-]*\d)[A-Za-z0-9_-]{32,}")
# PostgreSQL tells the row that failed; SQLAlchemy the statement and what was given to it.
_ROW = re.compile(r"(\n|^|\s)(DETAIL:|\[SQL:|\[parameters:|CONTEXT:)[^\n]*(?:\n(?!\s*File |Traceback)[^\n]*)?")
_SUBSTITUTES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_PEM, MASK), (_ROW, r"\1\2 " + MASK), (_USERINFO, r"\1" + MASK + "@"), (_BEARER, r"\1 " + MASK),
    (_PATH, r"\1" + MASK), (_WHSEC, MASK), (_PARAMETER, r"\1\2" + MASK), (_EMAIL, MASK), (_PHONE, MASK),
    (_BLOB, MASK),
)  # fmt: skip


def masked(text: str) -> str:
    """The text without addresses, phone numbers, tokens and secrets, as far as their form tells."""
    text = text[:LONGEST]
    for pattern, by in _SUBSTITUTES:
        text = pattern.sub(by, text)
    return text


def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor: every value of a line, however deep."""
    return {str(key): _masked_value(str(key), value, 0) for key, value in event.items()}


def _masked_value(key: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_NAMES.search(key) and key not in _HARMLESS:
        return MASK
    if depth >= _DEEPEST:
        return MASK
    if isinstance(value, Mapping):
        return {masked(str(name)): _masked_value(str(name), one, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked_value(key, one, depth + 1) for one in value]
    return masked(value if isinstance(value, str) else str(value))


def _one_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """For people: no line ends and no control characters of strangers, but in a traceback."""
    return {
        key: clean(value, LONGEST) if isinstance(value, str) and key != "exception" else value
        for key, value in event.items()
    }


class _Foreign(logging.Handler):
    """What libraries log goes the same way, through the same net."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit the text
            said = str(record.msg)
        log = structlog.get_logger(record.name)
        level = max(logging.DEBUG, min(logging.CRITICAL, record.levelno))
        log.log(level, "library", logger=record.name, said=said, exc_info=record.exc_info)


def configure(level: str = "info", form: str = "auto", stream: TextIO | None = None) -> None:
    """Set up the logs of this process: `form` is `json`, `text`, or `auto`, which is text on a terminal only."""
    out = stream or sys.stderr
    is_text = form == "text" or (form == "auto" and out.isatty())
    threshold = logging.getLevelNamesMapping()[level.upper()]
    last: list[Any] = (
        [
            _one_line,
            structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback),
        ]
        if is_text
        else [structlog.processors.JSONRenderer(default=str)]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            mask,
            *last,
        ],
        logger_factory=structlog.PrintLoggerFactory(out),
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, _Foreign)]:
        root.removeHandler(old)
    root.addHandler(_Foreign())
    root.setLevel(max(threshold, logging.WARNING))
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that takes longer than a second is no warning
