"""Reads the file of several relays (NURTURE_RELAYS_FILE), with all findings at once: file, line, and how to mend it.

Secrets need not stand in it: an address comes from `url`, from a variable (`url_env`) or from a file (`url_file`).
"""

import os
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from nurture.kernel.errors import DefinitionError, Problem
from nurture.kernel.i18n import N_
from nurture.kernel.relays import MOST_A_DAY, PRESETS, RelayEntry, RelaysFile, read_rate, read_url
from nurture.kernel.text import is_key
from nurture.kernel.yamlfile import Source, read
from nurture.kernel.zones import zone_named

MAILBOX = "mailbox"
_KEYS = (
    "key", "url", "url_env", "url_file", "preset", "rate", "per_day", "day", "zone", "reserve", "weight", "from",
    "warm_up", "domains", "senders", "connections",
)  # fmt: skip
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*")
_MOST = 20  # relays


def load(path: Path, env: Mapping[str, str] | None = None) -> RelaysFile:
    """The relays of this file. DefinitionError with all findings, those of reading the file included."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        params = (("error", str(error)),)
        problem = Problem("unreadable", N_("The file cannot be read: %(error)s"), file=str(path), params=params)
        raise DefinitionError([problem]) from error
    return parse(text, str(path), os.environ if env is None else env)


def parse(text: str, file: str, env: Mapping[str, str]) -> RelaysFile:
    """The relays of this text."""
    source = read(text, file)
    reading = _Reading(source, env)
    found = reading.document()
    if reading.problems:
        raise DefinitionError(reading.problems)
    return RelaysFile(file, found)


class _Reading:
    """One reading; what is wrong gathers in `problems`."""

    def __init__(self, source: Source, env: Mapping[str, str]) -> None:
        self._source = source
        self._env = env
        self.problems: list[Problem] = []

    def _wrong(self, path: str, message: str, mend: str = "", **params: object) -> None:
        shown = tuple((name, str(value)) for name, value in params.items())
        self.problems.append(self._source.located(Problem("bad_relay", message, mend, path=path, params=shown)))

    def document(self) -> tuple[RelayEntry, ...]:
        data = self._source.data
        listed = data.get("relays") if isinstance(data, dict) and set(data) == {"relays"} else None
        if not isinstance(listed, list) or not 1 <= len(listed) <= _MOST:
            self._wrong("", N_("The file is a list of 1 to 20 relays"), N_("begin with: relays:"))
            return ()
        found = [self._entry(one, f"relays[{number}]") for number, one in enumerate(listed)]
        keys: set[str] = set()
        for number, one in enumerate(found):
            if one is not None and one.key in keys:
                self._wrong(f"relays[{number}].key", N_("There is a relay “%(key)s” already"), key=one.key)
            keys.add(one.key if one is not None else "")
        return tuple(one for one in found if one is not None)

    def _entry(self, data: Any, path: str) -> RelayEntry | None:
        if not isinstance(data, dict):
            self._wrong(path, N_("A relay is a mapping with a key and an address"), N_("begin with: key:"))
            return None
        for name in set(data) - set(_KEYS):
            known = ", ".join(_KEYS)
            self._wrong(f"{path}.{name}", N_("“%(name)s” is not known here"), N_("one of %(known)s"), name=name,
                        known=known)  # fmt: skip
        key = data.get("key")
        if not isinstance(key, str) or not is_key(key) or key in {"recovered", "rehearsal"}:
            self._wrong(f"{path}.key", N_("A relay needs a key of small letters, digits and _"), N_("such as: ses_1"))
            key = ""
        since, steps = self._warm_up(data.get("warm_up"), f"{path}.warm_up")
        return RelayEntry(
            key=key,
            relay=self._url(data, path),
            preset=self._one_of(data.get("preset", "plain"), f"{path}.preset", PRESETS),
            rate=self._rate(data.get("rate"), f"{path}.rate"),
            per_day=self._count(data.get("per_day"), f"{path}.per_day", 1, MOST_A_DAY),
            rolling=self._day(data.get("day"), f"{path}.day"),
            zone=self._zone(data.get("zone"), f"{path}.zone"),
            reserve=self._count(data.get("reserve"), f"{path}.reserve", 0, MOST_A_DAY),
            weight=self._count(data.get("weight"), f"{path}.weight", 1, 1000) or 1,
            domains=self._domains(data.get("from"), f"{path}.from"),
            warm_since=since,
            warm_steps=steps,
            rates=self._rates(data.get("domains"), f"{path}.domains"),
            senders=self._count(data.get("senders"), f"{path}.senders", 1, 32) or 1,
            connections=self._count(data.get("connections"), f"{path}.connections", 1, 64) or 2,
        )

    def _url(self, data: Mapping[str, Any], path: str) -> Any:
        given = [name for name in ("url", "url_env", "url_file") if data.get(name)]
        if len(given) != 1 or not isinstance(data[given[0]], str):
            self._wrong(path, N_("A relay needs one address"), N_("one of url, url_env and url_file; url: mailbox"))
            return None
        name = given[0]
        text = self._secret(name, data[name], f"{path}.{name}")
        if text is None or text == MAILBOX:
            return None
        try:
            found = read_url(text)
        except ValueError as error:
            self._wrong(f"{path}.{name}", N_("This address cannot be used"), str(error))
            return None
        if found is None:
            self._wrong(f"{path}.{name}", N_("This address is empty"))
        return found

    def _secret(self, name: str, value: str, path: str) -> str | None:
        if name == "url":
            return value.strip()
        if name == "url_env":
            if value not in self._env:
                self._wrong(path, N_("The variable %(name)s is not set"), name=value)
            return self._env.get(value, "").strip() or None
        try:
            return Path(value).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            self._wrong(path, N_("The file cannot be read: %(error)s"), error=error)
            return None

    def _one_of(self, value: Any, path: str, known: tuple[str, ...]) -> str:
        if value in known:
            return str(value)
        self._wrong(path, N_("“%(value)s” is not known here"), N_("one of %(known)s"), value=value,
                    known=", ".join(known))  # fmt: skip
        return known[0]

    def _count(self, value: Any, path: str, low: int, high: int) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self._wrong(path, N_("This is no number that fits here"), N_("a number between %(low)s and %(high)s"),
                        low=low, high=high)  # fmt: skip
            return None
        return value

    def _rate(self, value: Any, path: str) -> float | None:
        found: float | None = self._tried(value, path, read_rate)
        return found

    def _tried(self, value: Any, path: str, reader: Callable[[str], Any]) -> Any:
        if value is None:
            return None
        try:
            return reader(value if isinstance(value, str) else "?")
        except ValueError as error:
            self._wrong(path, N_("“%(value)s” cannot be used here"), str(error), value=value)
            return None

    def _day(self, value: Any, path: str) -> bool | None:
        if value is None:
            return None
        return self._one_of(value, path, ("rolling", "calendar")) == "rolling"

    def _zone(self, value: Any, path: str) -> str:
        if value is None:
            return ""
        if not isinstance(value, str) or zone_named(value) is None:
            self._wrong(path, N_("“%(value)s” cannot be used here"), N_("a time zone such as Asia/Ho_Chi_Minh"),
                        value=value)  # fmt: skip
            return ""
        return value

    def _domains(self, value: Any, path: str) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if listed is None:
            return ()
        if not isinstance(listed, list) or not listed:
            self._wrong(path, N_("This is a list of domains"), N_("such as: [anphat.vn]"))
            return ()
        return tuple(self._domain(one, f"{path}[{n}]" if listed is value else path) for n, one in enumerate(listed))

    def _domain(self, value: Any, path: str) -> str:
        text = str(value).lower()
        if not _DOMAIN.fullmatch(text):
            self._wrong(path, N_("“%(value)s” is no domain"), N_("such as: anphat.vn"), value=value)
        return text

    def _rates(self, value: Any, path: str) -> dict[str, float]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._wrong(path, N_("This says a rate for each domain"), N_("such as: gmail.com: 20/minute"))
            return {}
        found = {self._domain(name, f"{path}.{name}"): self._rate(one, f"{path}.{name}") for name, one in value.items()}
        return {name: rate for name, rate in found.items() if rate}

    def _warm_up(self, value: Any, path: str) -> tuple[date | None, tuple[int, ...]]:
        if value is None:
            return None, ()
        if not isinstance(value, dict) or not {"since"} <= set(value) <= {"since", "steps"}:
            self._wrong(path, N_("A warm-up has the day on which it began, and steps"),
                        N_("such as: {since: 2026-11-20, steps: [50, 100, 200]}"))  # fmt: skip
            return None, ()
        steps = value.get("steps", [])
        if not isinstance(steps, list):
            self._wrong(f"{path}.steps", N_("The steps are a list of numbers, one for each day"))
            steps = []
        counts = [self._count(one, f"{path}.steps[{n}]", 1, MOST_A_DAY) for n, one in enumerate(steps)]
        return self._tried(value["since"], f"{path}.since", _read_day), tuple(one for one in counts if one)


def _read_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(N_("a day such as 2026-11-20")) from error
