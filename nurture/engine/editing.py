"""One campaign edited as text: checked against what is live, and published with a choice for the leads under way.

What is written is what is kept: every byte of the text stays. Uses the database; the caller opened the transaction.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from nurture.campaigns import house
from nurture.campaigns import store as campaign_store
from nurture.campaigns.check import Known, check
from nurture.campaigns.landing import UnderWay
from nurture.campaigns.load import Folder, Loaded
from nurture.engine import definitions
from nurture.engine.definitions import Definitions, Planned
from nurture.kernel.errors import ConflictError, DefinitionError, ForbiddenError, NotFoundError, Problem
from nurture.kernel.i18n import N_
from nurture.messages import store as message_store
from nurture.policy.house import House
from nurture.rules.facts import Facts
from nurture.users.model import Person

LONGEST = 100_000  # characters; a campaign of 200 steps has a fifth of that, and the check holds the writer's turn


def version(stored: campaign_store.Stored) -> str:
    """What tells whether somebody else has published since: a digest of the text that is live."""
    return hashlib.sha256(stored.source.encode()).hexdigest()[:16]


def read(conn: Connection, key: str, text: str) -> Definitions:
    """The text as a definition, with every finding: about itself, and about what it names that is not there."""
    if len(text) > LONGEST:
        limit = (("limit", str(LONGEST)),)
        problem = Problem(
            "too_long", N_("The file is longer than %(limit)s characters"), file=f"{key}.yaml", params=limit
        )
        return Definitions(Loaded((), (), {}, (problem,)), (), (problem,))
    ground = _ground(conn)
    before = _read.get((key, text))
    if before is not None and before[0].same(ground):
        return before[1]
    found = _check(key, text, ground)
    if len(_read) >= _MOST_READ:
        _read.clear()
    _read[key, text] = ground, found
    return found


@dataclass(frozen=True, slots=True)
class _Ground:
    """All of the database that a text is checked against."""

    facts: Facts
    languages: Mapping[str, Sequence[str]]
    closed: Mapping[str, Sequence[str]]
    house: House

    def same(self, other: "_Ground") -> bool:
        """Whether the same would be found. Facts of the same fields share them, a policy of the same text is one."""
        return (
            self.facts.values is other.facts.values
            and self.facts.known == other.facts.known
            and (self.languages, self.closed) == (other.languages, other.closed)
            and self.house is other.house
        )


# Texts that were read lately. Whoever publishes has looked first, without a transaction that writes; within it only
# what the text is checked against is looked at, unless that has changed.
_MOST_READ = 8
_read: dict[tuple[str, str], tuple[_Ground, Definitions]] = {}


def _ground(conn: Connection) -> _Ground:
    facts, languages = definitions.facts_of(conn), message_store.languages(conn)
    return _Ground(facts, languages, message_store.closed(conn), house.live(conn))


def _check(key: str, text: str, ground: _Ground) -> Definitions:
    loaded = check(Folder({f"{key}.yaml": text}, {}), Known(ground.facts, ground.languages, {}, ground.closed))
    clashes = [problem for one, source in loaded.campaigns for problem in house.conflicts(ground.house, one, source)]
    problems = [*loaded.problems, *clashes]
    if loaded.campaigns and loaded.campaigns[0][0].key != key:
        source = loaded.campaigns[0][1]
        message, mend = N_("The key of a campaign stays as it is"), N_("write: key: %(key)s")
        problems.append(source.problem("other_key", message, path="key", mend=mend, key=key))
    return Definitions(loaded, (), tuple(problems))


def preview(
    conn: Connection, person: Person, key: str, text: str, *, now: datetime
) -> tuple[Definitions, Planned | None]:
    """What is wrong with the text, and what publishing it would do; no plan while there is an error."""
    _may(person)
    _stored(conn, key)
    found = read(conn, key, text)
    return found, None if found.errors else definitions.plan(conn, found, now=now)


def publish(
    conn: Connection,
    person: Person,
    key: str,
    text: str,
    seen: str,
    under_way: UnderWay,
    *,
    now: datetime,
    real: datetime,
) -> Planned:
    """Make the text live. `seen` is the version that the person began with.

    DefinitionError with every finding, ConflictError when somebody else has published meanwhile.
    """
    _may(person)
    stored = campaign_store.lock(conn, key)
    if stored is None:
        raise NotFoundError(N_("There is no such campaign"))
    if version(stored) != seen:
        raise ConflictError(N_("Somebody else has published this campaign meanwhile"))
    found = read(conn, key, text)
    if found.errors:
        raise DefinitionError(found.errors)
    return definitions.apply(conn, found, now=now, real=real, actor=person.actor, under_way=under_way)


def as_kept(text: str, before: str) -> str:
    """The text with the line ends of the one before: a form sends its own, whatever was in it."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return plain.replace("\n", "\r\n") if "\r\n" in before else plain


def _may(person: Person) -> None:
    if not person.may_define:
        raise ForbiddenError(N_("Only marketers and administrators edit campaigns"))


def _stored(conn: Connection, key: str) -> campaign_store.Stored:
    found = campaign_store.get(conn, key)
    if found is None or found.revision_id is None:
        raise NotFoundError(N_("There is no such campaign"))
    return found
