"""Which rules an activity meets. Pure."""

from collections.abc import Iterable

from nurture.kernel.text import fold
from nurture.scoring.model import Awaited, Happened, ScoringRule, ScoringRules


def meets(on: Awaited, happened: Happened) -> bool:
    """Whether the activity is what the rule waits for. A withdrawn one never is."""
    if happened.withdrawn_at is not None or happened.kind is not on.kind:
        return False
    if on.emails and happened.email_key not in on.emails:
        return False
    if on.campaigns and happened.campaign_key not in on.campaigns:
        return False
    if on.links and not _within(on.links, happened.url):
        return False
    if on.not_links and _within(on.not_links, happened.url):
        return False
    return all(_text(happened.detail.get(key)) in values for key, values in on.detail)


def met(rules: ScoringRules, happened: Happened) -> Iterable[ScoringRule]:
    """The rules that count this activity, limits aside, in the file's order."""
    return (rule for rule in rules.rules if rule.on is not None and meets(rule.on, happened))


def _within(parts: tuple[str, ...], url: str | None) -> bool:
    address = fold(url or "")
    return any(fold(part) in address for part in parts)


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
