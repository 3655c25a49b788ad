"""The form of a one-time email and its plain data, both ways. What the form does not show stays as it was. No I/O."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nurture.broadcasts.model import MOST_VARIANTS, VARIANT_KEYS, percent
from nurture.kernel.errors import Problem
from nurture.kernel.i18n import LANGUAGES

OTHERS = VARIANT_KEYS[1:MOST_VARIANTS]  # variants besides the first
# Where a finding's path stands in the form; the longest that fits counts.
_PLACES = {
    "key": "name",
    "missed": "segment",
    "when": "day",
    "when.at": "day",
    "when.local": "day",
    "when.past": "past",
    "variants": "email",
    "variants[0]": "email",
    **{f"variants[{number}]": f"email_{key}" for number, key in enumerate(OTHERS, 1)},
    **{f"variants[{number}].subject": f"subject_{key}_vi" for number, key in enumerate(OTHERS, 1)},
    "test": "share",
    "test.share": "share",
    "test.after": "after",
    "test.otherwise": "otherwise",
    "sending": "class",
    "sending.from": "from",
    "sending.window": "start",
    "sending.topic": "topic",
    "drop": "drop",
}


def to_form(data: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the fields."""
    variants = data.get("variants") or [{"email": data.get("email", "")}]
    sending, when, test = data.get("sending", {}), data.get("when", "now"), data.get("test") or {}
    kind = when if isinstance(when, str) else "local" if "local" in when else "at"
    wall = "" if isinstance(when, str) else str(when.get("local") or when.get("at") or "")
    window = sending.get("window") or {}
    values: dict[str, Any] = {
        "name": data.get("name", ""), "segment": data.get("segment", ""), "email": variants[0].get("email", ""),
        "when": kind, "day": wall[:10], "hour": wall[11:16], "past": _of(when, "past", "next_day"),
        "class": sending.get("class", "advertising"), "from": sending.get("from", "house"),
        "topic": sending.get("topic", ""), "start": window.get("from", ""), "end": window.get("to", ""),
        "share": test.get("share", "20%").rstrip("%"), "after": _hours(test.get("after", "4 hours")),
        "otherwise": test.get("otherwise", "person"), "drop": data.get("drop", percent(0.2)).rstrip("%"),
    }  # fmt: skip
    for key, one in zip(OTHERS, variants[1:], strict=False):
        values[f"email_{key}"] = one.get("email", "")
        for language in LANGUAGES:
            values[f"subject_{key}_{language}"] = _of(one.get("subject"), language, "")
    return values


def to_data(form: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    """The definition that the fields say, on top of what was there."""
    data = {key: value for key, value in before.items() if key not in {"email", "variants", "test"}}
    data |= {"name": form.get("name", ""), "when": _when(form), "sending": _sending(form, before.get("sending", {}))}
    data["drop"] = f"{form.get('drop') or 20}%"
    if "missed" not in before:
        data["segment"] = form.get("segment") or None
    others = [one for key in OTHERS if (one := _variant(form, key)) is not None]
    if not others:
        first = (before.get("variants") or [{}])[0]
        if first.get("subject") and first.get("email") == form.get("email"):
            return {**data, "variants": [first]}
        return {**data, "email": form.get("email") or None}
    test = before.get("test") or {}
    after = f"{form.get('after') or 4} hours"
    said = {"share": f"{form.get('share') or 20}%", "after": after, "otherwise": form.get("otherwise", "person")}
    return {**data, "variants": [{"email": form.get("email") or None}, *others], "test": {**test, **said}}


def placed(problem: Problem) -> Problem:
    """A finding at the field it is about."""
    path = problem.path
    while path and path not in _PLACES:
        path = path.rpartition(".")[0]
    return replace(problem, path=_PLACES.get(path, problem.path), line=0, column=0)


def _of(data: Any, key: str, otherwise: str) -> str:
    return str(data.get(key, otherwise)) if isinstance(data, Mapping) else otherwise


def _hours(span: str) -> str:
    number, _, unit = span.partition(" ")
    return number if unit.startswith("hour") else f"{max(1, round(int(number) / 60))}"


def _when(form: Mapping[str, str]) -> Any:
    kind = form.get("when", "now")
    wall = f"{form.get('day', '')} {form.get('hour', '')}".strip()
    if kind == "at":
        return {"at": wall or "?"}
    return {"local": wall or "?", "past": form.get("past", "next_day")} if kind == "local" else "now"


def _sending(form: Mapping[str, str], before: Mapping[str, Any]) -> dict[str, Any]:
    found = {**before, "class": form.get("class", "advertising"), "from": form.get("from", "house")}
    days = (before.get("window") or {}).get("days", "mon-sun")
    found.pop("window", None)
    if "topic" in form:
        found.pop("topic", None)
        found |= {"topic": form["topic"]} if form["topic"] else {}
    if form.get("start") or form.get("end"):
        found["window"] = {"days": days, "from": form.get("start", ""), "to": form.get("end", "")}
    return found


def _variant(form: Mapping[str, str], key: str) -> dict[str, Any] | None:
    """One of the others; an email left empty is the first one's, when it has a subject of its own."""
    subject = {one: text for one in LANGUAGES if (text := form.get(f"subject_{key}_{one}", "").strip())}
    email = form.get(f"email_{key}") or (form.get("email") if subject else "")
    if not email:
        return None
    return {"email": email, **({"subject": subject} if subject else {})}
