"""What a part of a file does to the leads there are: which are new, which change, what is a duplicate. Decides; no I/O.

Rows of one address are one lead. The first row of a file may correct a known lead; later rows only fill what is blank.
Refusals add up: one row that says no is enough, and no statement about the file overrides it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nurture.capture.model import Draft, Options
from nurture.consents.model import Channel, Method, Purpose
from nurture.leads.match import fold_in
from nurture.leads.model import Lifecycle

BLANK: Mapping[str, Any] = {
    "name": "", "given_name": "", "phone": None, "honorific": "", "company": "", "address": "", "city": "",
    "source": "", "zone": None, "language": None, "lifecycle": Lifecycle.LEAD.value, "fields": {},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A lead as it stands before the part is folded in."""

    lead_id: int
    facts: Mapping[str, Any]  # the keys of BLANK
    tags: frozenset[str] = frozenset()
    conflicts: frozenset[tuple[str, str]] = frozenset()
    given: Mapping[Purpose, bool] = field(default_factory=dict)  # latest word on email


@dataclass(frozen=True, slots=True)
class Word:
    """A yes or no to be kept with its proof."""

    purpose: Purpose
    given: bool
    method: Method
    proof: str
    line: int


@dataclass(slots=True, eq=False)
class Change:
    """What is to be written for one lead; `lead_id` is None for a new one until it has been written."""

    lead_id: int | None
    email: str | None
    line: int
    facts: dict[str, Any]
    changed: dict[str, list[Any]] = field(default_factory=dict)
    conflicts: list[tuple[str, str, int]] = field(default_factory=list)  # field, value, line
    tags: dict[str, str] = field(default_factory=dict)  # new ones: key to label
    refusals: list[tuple[Channel, str, int]] = field(default_factory=list)  # channel, address, line
    words: list[Word] = field(default_factory=list)

    @property
    def is_any(self) -> bool:
        """Whether there is anything to write."""
        return self.lead_id is None or bool(
            self.changed or self.conflicts or self.tags or self.refusals or self.words
        )  # fmt: skip


@dataclass(slots=True)
class Part:
    """What a part of the file comes to."""

    changes: list[Change] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    without_consent: int = 0
    dropped_values: int = 0
    contacts: Collection[str] = ()  # of its rows


@dataclass(slots=True)
class Ahead:
    """What earlier parts would have written, for a dry run to know in later ones: the lead, its yes or no, its refusal.

    As much as the counts of later rows hang on: those of phone-only leads do not.
    """

    given: dict[str, dict[Purpose, bool]] = field(default_factory=dict)  # by address, of every lead folded in
    blocked: set[tuple[Channel, str]] = field(default_factory=set)

    def add(self, part: Part) -> None:
        """A part has been folded."""
        for change in part.changes:
            if change.email:
                self.given.setdefault(change.email, {}).update((word.purpose, word.given) for word in change.words)
            self.blocked.update((channel, address) for channel, address, _ in change.refusals)

    def over(self, known: Mapping[str, Known], emails: Iterable[str]) -> dict[str, Known]:
        """The leads known, as they would stand by now."""
        there = dict(known)
        for email in emails:
            if email in self.given:
                before = known.get(email, Known(0, BLANK))
                there[email] = replace(before, given={**before.given, **self.given[email]})
        return there


def fold_part(
    drafts: Iterable[Draft],
    known: Mapping[str, Known],
    blocked: set[tuple[Channel, str]],
    seen: Collection[str],
    options: Options,
) -> Part:
    """Fold rows into the leads `known` by contact. `seen` holds the contacts of earlier rows."""
    groups: dict[str, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(draft.email or draft.phone or "", []).append(draft)
    part = Part(contacts=groups.keys())
    for contact, group in groups.items():
        first = contact not in seen
        there = known.get(contact)
        if there is None and first and len(group) == 1 and not group[0].refuses:
            _newcomer(part, group[0], blocked, options)
            continue
        part.dropped_values += sum(draft.dropped for draft in group)
        part.duplicates += len(group) - first
        if there is None and not first:
            continue  # the lead of an earlier row is gone, or a dry run has not written it
        change, lacks = _one(group, there, blocked, options, replace=first)
        part.without_consent += lacks
        if change.is_any:
            part.changes.append(change)
        if first:
            part.created += there is None
            part.updated += there is not None and change.is_any
            part.unchanged += there is not None and not change.is_any
    return part


def _newcomer(part: Part, draft: Draft, blocked: set[tuple[Channel, str]], options: Options) -> None:
    """What `_one` comes to for the one row of a lead that nobody knows and that refuses nothing: most rows are so."""
    change = Change(None, draft.email, draft.line, {**BLANK, **draft.facts}, tags=draft.tags)
    part.changes.append(change)
    part.created += 1
    part.dropped_values += draft.dropped
    is_blocked = (Channel.EMAIL, draft.email) in blocked if blocked else False
    if draft.consent is None and (is_blocked or not options.consent or draft.email is None):
        part.without_consent += draft.email is not None and not is_blocked
        return
    given: dict[Purpose, bool] = {}
    _words(change, [draft], given, options, blocked=is_blocked)
    part.without_consent += _lacks(draft.email, given, blocked=is_blocked)


def _one(
    group: list[Draft], there: Known | None, blocked: set[tuple[Channel, str]], options: Options, *, replace: bool
) -> tuple[Change, int]:  # fmt: skip
    change = _facts(group, there, replace=replace)
    _tags(change, group, there)
    before = (Channel.EMAIL, change.email or "") in blocked
    _refusals(change, group, blocked)
    now_blocked = (Channel.EMAIL, change.email or "") in blocked
    given = dict(there.given) if there else {}
    lacked = _lacks(change.email, given, blocked=before)
    _words(change, group, given, options, blocked=now_blocked)
    lacks = _lacks(change.email, given, blocked=now_blocked)
    return change, lacks - (0 if replace else lacked)


def _lacks(email: str | None, given: Mapping[Purpose, bool], *, blocked: bool) -> int:
    return int(bool(email) and not blocked and Purpose.ADVERTISING not in given)


def _facts(group: list[Draft], there: Known | None, *, replace: bool) -> Change:
    first = group[0]
    if there is None:
        change = Change(None, first.email, first.line, {**BLANK, **first.facts})
        rest = group[1:]
    else:
        change = Change(there.lead_id, first.email, first.line, dict(there.facts))
        rest = group
    for draft in rest:
        folded = fold_in(change.facts, draft.facts, replace=replace and there is not None and draft is first)
        if "name" in folded.changed:
            folded.facts["given_name"] = draft.facts.get("given_name", "")
        change.facts = folded.facts
        for key, pair in folded.changed.items():
            change.changed[key] = [change.changed.get(key, pair)[0], pair[1]]
        kept = there.conflicts if there else frozenset()
        present = {(key, value) for key, value, _ in change.conflicts}
        change.conflicts += [(*one, draft.line) for one in folded.conflicts if one not in kept and one not in present]
    return change


def _tags(change: Change, group: list[Draft], there: Known | None) -> None:
    for draft in group:
        for key, label in draft.tags.items():
            if there is None or key not in there.tags:
                change.tags.setdefault(key, label)


def _refusals(change: Change, group: list[Draft], blocked: set[tuple[Channel, str]]) -> None:
    for draft in group:
        for channel in sorted(draft.refuses):
            phones = {draft.facts.get("phone"), change.facts.get("phone")}
            addresses = {change.email} if channel is Channel.EMAIL else phones
            for address in sorted(one for one in addresses if one):
                if (channel, address) not in blocked:
                    blocked.add((channel, address))
                    change.refusals.append((channel, address, draft.line))


def _words(
    change: Change, group: list[Draft], given: dict[Purpose, bool], options: Options, *, blocked: bool
) -> None:  # fmt: skip
    refused = next((draft for draft in group if draft.consent is False), None)
    refused = refused or next((draft for draft in group if Channel.EMAIL in draft.refuses), None)
    if refused is not None:
        # an address carries its refusal itself; the word is needed where it is the answer, or where a yes stands
        needed = refused.consent is False or change.email is None or given.get(Purpose.ADVERTISING) is True
        if needed and given.get(Purpose.ADVERTISING) is not False:
            given[Purpose.ADVERTISING] = False
            change.words.append(
                Word(Purpose.ADVERTISING, given=False, method=Method.IMPORT, proof=refused.proof, line=refused.line)
            )
        return
    if blocked or change.email is None:
        return
    agreed = next((draft for draft in group if draft.consent), None)
    if agreed is None and not options.consent:
        return
    method, proof = (Method.IMPORT, agreed.proof) if agreed else (Method.STATEMENT, options.consent)
    for purpose in options.purposes:
        if purpose not in given:
            given[purpose] = True
            line = (agreed or group[0]).line
            change.words.append(Word(purpose, given=True, method=method, proof=proof, line=line))
