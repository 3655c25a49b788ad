"""Whether a folder can be used: all findings, campaigns and shared definitions together. Pure.

Besides what reading finds, it looks at what fits no single file: languages of emails, advertising without a link to
unsubscribe, campaigns that lead into each other.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from nurture.campaigns.circles import circles
from nurture.campaigns.definition import MailClass
from nurture.campaigns.load import Folder, Loaded, SharedCheck, load
from nurture.campaigns.model import Campaign
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
    more += circles(loaded.campaigns)
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


def emails_of(campaign: Campaign, source: Source) -> Iterator[tuple[str, str]]:
    """The emails a campaign sends, with the paths where they are named."""
    keys = {step.config.email for step in campaign.steps.values() if isinstance(step.config, SendEmail)}
    named = [path for path in source.places if path.endswith((".send_email", ".send_email.email"))]
    for path in named:
        value = source.at(path)
        if value in keys:
            yield path, value
