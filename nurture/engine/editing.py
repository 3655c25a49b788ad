"""One campaign edited as text: checked against what is live, and published with a choice for the leads under way.

What is written is what is kept: every byte of the text stays. Uses the database; the caller opened the transaction.
"""

import hashlib
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
    facts = definitions.facts_of(conn)
    languages = message_store.languages(conn)
    closed = message_store.closed(conn)
    loaded = check(Folder({f"{key}.yaml": text}, {}), Known(facts, languages, {}, closed))
    live = house.live(conn)
    clashes = [problem for one, source in loaded.campaigns for problem in house.conflicts(live, one, source)]
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
