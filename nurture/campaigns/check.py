"""Whether a folder can be used: all findings, campaigns and shared definitions together. Pure.

Besides what reading finds, it looks at what fits no single file: languages of emails, advertising without a link to
unsubscribe, campaigns that enroll in each other.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from nurture.campaigns.definition import MailClass
from nurture.campaigns.load import Folder, Loaded, SharedCheck, load
from nurture.campaigns.model import Again, Campaign
from nurture.campaigns.steps import waits
from nurture.campaigns.steps.enroll import Into
from nurture.campaigns.steps.send_email import SendEmail
from nurture.kernel.errors import Problem
from nurture.kernel.i18n import LANGUAGES, N_
from nurture.kernel.yamlfile import Source
from nurture.rules.facts import Facts


@dataclass(frozen=True, slots=True)
class Known:
    """What there is besides the folder: facts (with segments of the database), emails by language, shared readers."""

    facts: Facts
    emails: Mapping[str, Collection[str]] | None = None
    shared_checks: Mapping[str, SharedCheck] | None = None
    closed: Mapping[str, Collection[str]] = field(default_factory=dict)  # emails without a way out, by language


def check(folder: Folder, known: Known) -> Loaded:
    """The folder as definitions, with every finding of it."""
    loaded = load(folder, known.facts, known.emails, known.shared_checks)
    more = [
        problem
        for campaign, source in loaded.campaigns
        for problem in (
            *_missing_languages(campaign, source, known.emails or {}),
            *_no_way_out(campaign, source, known.closed),
        )
    ]
    more += _enroll_circles(loaded)
    problems = sorted((*loaded.problems, *more), key=lambda one: (one.file, one.line, one.column))
    return replace(loaded, problems=tuple(problems))


def _missing_languages(campaign: Campaign, source: Source, emails: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """An email in one language only reaches the others in that one: said, not forbidden."""
    for path, key in emails_of(campaign, source):
        missing = [language for language in LANGUAGES if key in emails and language not in emails[key]]
        if missing:
            yield source.problem(
                "missing_language",
                N_("The email “%(email)s” is missing in: %(languages)s"),
                path=path,
                severity="warning",
                email=key,
                languages=", ".join(missing),
            )


def _no_way_out(campaign: Campaign, source: Source, closed: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Advertising in which the reader finds no link to unsubscribe."""
    if campaign.sending.class_ != MailClass.ADVERTISING.value:
        return
    for path, key in emails_of(campaign, source):
        if key in closed:
            yield source.problem(
                "no_unsubscribe",
                N_("The email “%(email)s” is advertising without a link to unsubscribe, in: %(languages)s"),
                path=path,
                mend=N_("write {{ unsubscribe_url }} into it, or use a layout that has it"),
                email=key,
                languages=", ".join(closed[key]),
            )


def _enroll_circles(loaded: Loaded) -> list[Problem]:
    """Campaigns from which a lead comes back to where it was: each circle once, at the step that closes it."""
    into = {
        campaign.key: {
            step.config.campaign: step.id for step in campaign.steps.values() if isinstance(step.config, Into)
        }
        for campaign, _ in loaded.campaigns
    }
    sources = {campaign.key: source for campaign, source in loaded.campaigns}
    campaigns = {campaign.key: campaign for campaign, _ in loaded.campaigns}
    found: list[Problem] = []
    told: set[frozenset[str]] = set()
    for start in sorted(into):
        circle = _way_back(start, into)
        if not circle or frozenset(circle) in told:
            continue
        told.add(frozenset(circle))
        path = _enrolling(sources[start], circle[1] if len(circle) > 1 else start)
        message = N_("These campaigns enroll in each other in a circle: %(keys)s")
        mend = N_("put a condition or a wait between, or see to it that entry says again: never")
        shown = " → ".join((*circle, start))
        hops = zip(circle, (*circle[1:], start), strict=True)
        severity = "error" if all(_is_hot(campaigns[one], into[one][other]) for one, other in hops) else "warning"
        found.append(
            sources[start].problem("enroll_circle", message, path=path, mend=mend, severity=severity, keys=shown)
        )
    return found


def _is_hot(campaign: Campaign, step: str) -> bool:
    """Whether every lead comes in again and again, and to this step at once, without a wait or a condition.

    A circle of these never ends: it would write an enrollment for each lead with each beat of the clock.
    """
    if campaign.entry.again is not Again.AFTER_EXIT or campaign.entry.when is not None or campaign.may_end:
        return False
    here: str | None = campaign.first
    while here is not None and here != step:
        one = campaign.steps[here]
        here = None if one.ways or one.jumps or waits(one.kind) else one.next
    return here == step


def _way_back(start: str, into: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """The shortest way from a campaign back to itself, without its end; empty when there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    for way in ways:
        for key in sorted(into.get(way[-1], ())):
            if key == start:
                return way
            if key not in seen:
                seen.add(key)
                ways.append((*way, key))
    return ()


def _enrolling(source: Source, key: str) -> str:
    """Where a file enrolls in this campaign."""
    named = [path for path in source.places if path.endswith(".enroll")]
    return next((path for path in named if _at(source.data, path) == key), "")


def emails_of(campaign: Campaign, source: Source) -> Iterator[tuple[str, str]]:
    """The emails a campaign sends, with the paths where they are named."""
    keys = {step.config.email for step in campaign.steps.values() if isinstance(step.config, SendEmail)}
    named = [path for path in source.places if path.endswith((".send_email", ".send_email.email"))]
    for path in named:
        value = _at(source.data, path)
        if value in keys:
            yield path, value


def _at(data: object, path: str) -> str:
    """The text at a path."""
    for part in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(data, list):
            data = data[int(part)]
        elif isinstance(data, Mapping):
            data = data[part]
    return str(data)
