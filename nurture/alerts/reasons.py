"""Why a lead is hot, in three plain reasons with times. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from nurture.alerts.model import Alert, Why
from nurture.alerts.triggers.replied import KEY as REPLIED
from nurture.kernel.i18n import N_, translate
from nurture.kernel.text import clean, in_language
from nurture.scoring.model import BY_HAND

MOST = 3
STRONG = 10  # points
_LONGEST_LINK = 60


def choose(whys: Iterable[tuple[int, Why]]) -> tuple[Why, ...]:
    """The three latest distinct reasons, out of (points, reason) newest first: strong ones before the rest.

    What happened several times is one reason, with how often and the latest time.
    """
    merged: dict[tuple[str, str], tuple[int, Why]] = {}
    for points, why in whys:
        key = (why.code, str(why.params.get("url") or why.params.get("person") or ""))
        if key in merged:
            most, first = merged[key]
            again = {**first.params, "count": first.params["count"] + 1}
            merged[key] = (max(most, points), replace(first, params=again))
        else:
            merged[key] = (points, replace(why, params={**why.params, "count": 1}))
    strong = [why for points, why in merged.values() if points >= STRONG]
    weak = [why for points, why in merged.values() if points < STRONG]
    return tuple([*strong, *weak][:MOST])


def texts(reasons: Sequence[Mapping[str, Any]], language: str, zone: str) -> list[dict[str, str]]:
    """Stored reasons as `{"text", "time"}` in a reader's language and zone."""
    return [{"text": text(one, language), "time": stamp(one["at"], zone)} for one in reasons]


def text(reason: Mapping[str, Any], language: str) -> str:
    """One reason in plain words: `Clicked through to the prices: shop.example/pricing, 3 times`."""
    params = reason.get("params", {})
    if reason["code"] == BY_HAND:
        said = {"person": params.get("person", ""), "reason": params.get("reason", "")}
        return translate(language, N_("%(person)s set the temperature: %(reason)s"), **said)
    what = in_language(reason.get("name", {}), language, reason["code"])
    if link := shown_link(str(params.get("url") or "")):
        what = f"{what}: {link}"
    count = int(params.get("count") or 1)
    return what if count == 1 else translate(language, N_("%(what)s, %(count)s times"), what=what, count=count)


def said(alert: Alert) -> Mapping[str, Any]:
    """What the lead wrote, of an alert about a reply: text, refusal, honored, of; empty for every other alert."""
    if alert.trigger != REPLIED:
        return {}
    found: Mapping[str, Any] = next((one.get("params", {}) for one in alert.reasons if one["code"] == REPLIED), {})
    return found


def shown_link(url: str) -> str:
    """An address as people read it: host and path, shortened."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    shown = clean(f"{parts.netloc.rpartition('@')[2].removeprefix('www.')}{unquote(parts.path)}".rstrip("/"), 500)
    return shown if len(shown) <= _LONGEST_LINK else f"{shown[: _LONGEST_LINK - 1]}…"


def stamp(at: str | datetime, zone: str) -> str:
    """`22/11/2026, 08:05` where the reader is."""
    instant = datetime.fromisoformat(at) if isinstance(at, str) else at
    return instant.astimezone(ZoneInfo(zone)).strftime("%d/%m/%Y, %H:%M")
