"""A house with very many leads and a past, made by a few statements in the database itself (writes).

Everything is drawn from the row's number, so that two runs make the same world. Few leads do much, most do little: of
each twenty one has 45 % of what happened, five have 40 %, the other fourteen 15 %. What happened lies over the last
400 days, the latest last, as it would have been written.
"""

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from nurture.activities.tables import activities
from nurture.consents.tables import consents
from nurture.enrollments.tables import enrollments, passages
from nurture.kernel.database import Database
from nurture.kernel.text import fold
from nurture.leads.tables import companies, lead_tags, leads
from nurture.messages.tables import messages
from nurture.opportunities.tables import opportunities
from nurture.segments.tables import memberships

PAST = timedelta(days=400)
_DAY = 86_400
_FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ")
_GIVEN = ("Thị Mai", "Văn Hùng", "Minh Châu", "Quốc Đạt", "Ngọc Ánh", "Thu Hà", "Đức Anh")
_KINDS = (  # of a thousand activities
    ("message_sent", 520), ("opened", 270), ("clicked", 80), ("page_visited", 60), ("scored", 30), ("created", 20),
    ("temperature_changed", 8), ("form_submitted", 5), ("replied", 5), ("called", 2),
)  # fmt: skip
_MAILED = ("message_sent", "opened", "clicked", "replied")
_PATHS = ("/bang-gia", "/bang-gia/goi-nam", "/tai-lieu", "/lien-he", "/blog/email", "/blog/crm")
EMAILS = ("welcome_series_hello", "welcome_series_reminder", "welcome_series_guide", "ban_tin", "uu_dai", "khao_sat")
CAMPAIGN = "welcome_series"
STEPS = ("hello", "remind", "guide")  # of that campaign, those that send
SALES = 15  # of twenty leads so many belong to somebody


@dataclass(frozen=True, slots=True)
class Plan:
    """How many of each there are to be."""

    leads: int
    activities: int
    broadcast: int = 0  # messages of a one-time email to that many
    enrollments: int = 0  # each with a message or two of the campaign
    opportunities: int = 0


def fill(database: Database, plan: Plan, now: datetime, owners: Sequence[int] = ()) -> None:
    """Fill an empty database by the plan; the leads belong to `owners`, in turn, or to nobody."""
    with _hand(database) as hand:
        _leads(hand, plan, now, owners)
        _activities(hand, plan, now)


@dataclass(frozen=True, slots=True)
class Ids:
    """What rows are to refer to."""

    campaign: int
    revision: int
    broadcast: int
    segments: tuple[int, ...]  # three


def mail(database: Database, plan: Plan, now: datetime, ids: Ids) -> None:
    """Messages of a one-time email and of a campaign, enrollments with what they passed, who is in segments, sales."""
    with _hand(database) as hand:
        with hand.without_indexes(messages):
            _broadcast(hand, plan, now, ids)
            _campaign(hand, plan, now, ids)
        _opportunities(hand, plan, now)
        with hand.without_indexes(memberships):
            for segment, every in zip(ids.segments, (6, 2, 3), strict=True):
                inside = {"segment_id": str(segment), "lead_id": f"i * {every}"}
                hand.rows(
                    memberships,
                    plan.leads // every,
                    {**inside, "joined_at": hand.ago(now, f"{_DAY} + {hand.mod('i', 1000)}")},
                )


@dataclass(frozen=True, slots=True)
class _Hand:
    """What differs between the two databases when rows are made by SQL."""

    conn: Connection
    is_sqlite: bool

    def number(self, salt: int, below: int, of: str = "i") -> str:
        """A number from 0 to below `below`, drawn from the row's own."""
        factor = random.Random(salt).randrange(2**30, 2**31)  # noqa: S311 - made-up data
        return self.mod(f"({self.mod(f'({of} * {factor})', 4294967291)} / 64)", below)

    def mod(self, one: str, other: int) -> str:
        return f"({one} % {other})" if self.is_sqlite else f"mod({one}, {other})"

    def ago(self, now: datetime, seconds: str) -> str:
        """The instant so many seconds before `now`."""
        if self.is_sqlite:
            return f"({int(now.timestamp()) * 1_000_000} - ({seconds}) * 1000000)"
        return f"(TIMESTAMPTZ '{now.isoformat()}' - ({seconds}) * INTERVAL '1 second')"

    def json(self, text: str = "'{}'") -> str:
        return text if self.is_sqlite else f"({text})::jsonb"

    @property
    def yes(self) -> str:
        return "1" if self.is_sqlite else "TRUE"

    def one_of(self, texts: Sequence[object], number: str) -> str:
        """One of these, by its number."""
        cases = " ".join(f"WHEN {place} THEN {_text(one)}" for place, one in enumerate(texts))
        return f"CASE {number} {cases} END"

    def rows(self, table: sa.Table, count: int, columns: Mapping[str, str]) -> None:
        """Insert so many rows, each column by its expression of `i`, the row's number from 1 on."""
        if count < 1:
            return
        names = ", ".join(f'"{name}"' for name in columns)
        parts = ", ".join(columns.values())
        series, of = "", f"generate_series(1::bigint, {count}) AS s(i)"
        if self.is_sqlite:
            series = f"WITH RECURSIVE s(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM s WHERE i < {count})"  # noqa: S608
            of = "s"
        self.run(f'INSERT INTO "{table.name}" ({names}) {series} SELECT {parts} FROM {of}')  # noqa: S608 - our own

    def run(self, sql: str) -> None:
        self.conn.exec_driver_sql(sql)

    @contextlib.contextmanager
    def without_indexes(self, table: sa.Table) -> Iterator[None]:
        """Its indexes are made after the rows: in one go each, and not row by row."""
        found = sorted(table.indexes, key=lambda one: str(one.name))
        for one in found:
            one.drop(self.conn, checkfirst=True)
        yield
        for one in found:
            one.create(self.conn)


@contextlib.contextmanager
def _hand(database: Database) -> Iterator[_Hand]:
    """A connection that does not wait for the disk and does not look references up: the world is made to fit."""
    with database.engine.connect() as conn:
        if database.is_sqlite:
            conn = conn.execution_options(nurture_bare=True)
            pragmas = ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-262144", "temp_store=FILE", "threads=2")
            for one in pragmas:
                conn.exec_driver_sql(f"PRAGMA {one}")
            yield _Hand(conn, is_sqlite=True)
            conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            conn.invalidate()  # nobody else is to get it as it is
            return
        conn = conn.execution_options(isolation_level="AUTOCOMMIT")
        for one in ("synchronous_commit = off", "maintenance_work_mem = '512MB'", "work_mem = '128MB'"):
            conn.exec_driver_sql(f"SET {one}")
        for table in (leads, lead_tags, consents, activities, messages, enrollments, passages, opportunities):
            for key in sorted(table.foreign_key_constraints, key=lambda one: str(one.name)):
                conn.exec_driver_sql(f'ALTER TABLE "{table.name}" DROP CONSTRAINT IF EXISTS "{key.name}"')
        yield _Hand(conn, is_sqlite=False)
        conn.invalidate()


def _text(value: object) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else f"'{value}'"


def _leads(hand: _Hand, plan: Plan, now: datetime, owners: Sequence[int]) -> None:
    company = {
        "public_id": "'bench'",
        "name": "'An Phát'",
        "name_folded": "'an phat'",
        "created_at": hand.ago(now, "0"),
    }
    hand.rows(companies, 1, company)
    hand.run("INSERT INTO tags (key, label) VALUES ('vip', 'VIP'), ('hoi_thao', 'Hội thảo'), ('hiem', 'Hiếm')")
    family, given = hand.number(1, len(_FAMILY)), hand.number(2, len(_GIVEN))
    name = f"{hand.one_of(_FAMILY, family)} || ' ' || {hand.one_of(_GIVEN, given)}"
    folded = f"{hand.one_of(list(map(fold, _FAMILY)), family)} || ' ' || {hand.one_of(list(map(fold, _GIVEN)), given)}"
    score = f"CASE WHEN {hand.mod('i', 20)} = 0 THEN {hand.number(3, 100)} ELSE {hand.number(4, 25)} END"
    age = f"({plan.leads} - i) * {int(PAST.total_seconds())} / {plan.leads}"
    turn = hand.one_of(owners, hand.number(5, len(owners))) if owners else "CAST(NULL AS BIGINT)"
    quiet = f"{hand.mod('i', 20)} > 8"  # these have never done anything that counts as theirs
    columns = {
        "public_id": "'bench' || i", "email": "'khach' || i || '@example.net'", "phone": "'+849' || (10000000 + i)",
        "name": name, "name_folded": folded, "given_name": hand.one_of(_GIVEN, given),
        "search_text": f"{folded} || ' khach' || i || '@example.net 09' || (10000000 + i)",
        "company_id": f"CASE WHEN {hand.number(6, 4)} = 0 THEN 1 END",
        "city": "'Đà Nẵng'", "city_folded": "'da nang'",
        "source": hand.one_of(("google", "zalo", "website", "hoi thao"), hand.number(7, 4)),
        "first_source": "'google'",
        "owner_id": f"CASE WHEN {hand.mod('i', 20)} < {SALES} THEN {turn} END",
        "temperature": f"CASE WHEN {score} >= 70 THEN 'hot' WHEN {score} >= 30 THEN 'warm' ELSE 'cold' END",
        "engagement": score, "fit": hand.number(8, 60),
        "lifecycle": hand.one_of(("customer", "mql", "lead", "lead", "lead", "lead"), hand.number(9, 6)),
        "fields": hand.json(), "created_at": hand.ago(now, age), "updated_at": hand.ago(now, age),
        "last_activity_at": f"CASE WHEN {quiet} THEN NULL ELSE {hand.ago(now, hand.number(10, 60 * _DAY))} END",
    }  # fmt: skip
    with hand.without_indexes(leads):
        hand.rows(leads, plan.leads, columns)
    tagged = {"lead_id": "i * 5", "tag": hand.one_of(("vip", "hoi_thao"), hand.number(11, 2))}
    hand.rows(lead_tags, plan.leads // 5, {**tagged, "at": hand.ago(now, "86400")})
    rare = {"lead_id": "i * 500 - 1", "tag": "'hiem'", "at": hand.ago(now, "86400")}
    hand.rows(lead_tags, plan.leads // 500, rare)
    agreed = {
        "lead_id": "i", "purpose": "'advertising'", "channel": "'email'", "given": hand.yes, "method": "'form'",
        "proof": "'Tôi đồng ý'", "origin": "'form:bao-gia'", "occurred_at": hand.ago(now, age),
        "recorded_at": hand.ago(now, age),
    }  # fmt: skip
    with hand.without_indexes(consents):
        hand.rows(consents, plan.leads, agreed)


def _who(hand: _Hand, plan: Plan, salt: int) -> str:
    """The lead of a row, by how much leads do."""
    twenties = max(1, plan.leads // 20)
    share, block = hand.number(salt, 100), hand.number(salt + 1, twenties)
    middle, many = hand.number(salt + 2, 5), hand.number(salt + 3, 14)
    return (
        f"CASE WHEN {share} < 45 THEN 20 * {block} + 20 WHEN {share} < 85 THEN 20 * {block} + 1 + {middle} "
        f"ELSE 20 * {block} + 6 + {many} END"
    )


def _activities(hand: _Hand, plan: Plan, now: datetime) -> None:
    drawn, cases, upto = hand.number(20, 1000), "", 0
    for kind, share in _KINDS:
        upto += share
        cases += f" WHEN {drawn} < {upto} THEN '{kind}'"
    mailed, visited = _before(_MAILED), _before(("page_visited",))
    visit = f"{drawn} >= {visited[0]} AND {drawn} < {visited[1]}"
    by_mail = f"{drawn} < {mailed[1] - dict(_KINDS)['replied']}"
    clicked = _before(("clicked",))
    click = f"{drawn} >= {clicked[0]} AND {drawn} < {clicked[1]}"
    path = hand.one_of(_PATHS, hand.number(22, len(_PATHS)))
    address = f"'https://www.nurture.example/vi' || {path}"
    age = f"({plan.activities} - i) * {int(PAST.total_seconds())} / {plan.activities} + {hand.number(23, _DAY)}"
    columns = {
        "lead_id": _who(hand, plan, 24), "kind": f"CASE{cases} END", "occurred_at": hand.ago(now, age),
        "recorded_at": hand.ago(now, age), "actor": "'lead'", "cause": "'hit:' || i",
        "email_key": f"CASE WHEN {by_mail} THEN {hand.one_of(EMAILS, hand.number(21, len(EMAILS)))} END",
        "campaign_key": f"CASE WHEN {by_mail} THEN '{CAMPAIGN}' END",
        "url": f"CASE WHEN {click} OR {visit} THEN {address} END", "about": f"CASE WHEN {visit} THEN {path} END",
        "detail": hand.json(),
    }  # fmt: skip
    with hand.without_indexes(activities):
        hand.rows(activities, plan.activities, columns)


def _before(kinds: Sequence[str]) -> tuple[int, int]:
    """Where the shares of these kinds begin and end; they stand next to each other."""
    places, upto = {}, 0
    for kind, share in _KINDS:
        places[kind] = (upto, upto + share)
        upto += share
    return min(places[one][0] for one in kinds if one in places), max(places[one][1] for one in kinds)


def _message(hand: _Hand, now: datetime, age: str, states: str, salt: int) -> dict[str, str]:
    gone = f"CASE WHEN {states} IN ('sent', 'bounced') THEN {hand.ago(now, age)} END"
    return {
        "language": "'vi'", "class": "'advertising'", "policy": hand.json(), "state": states,
        "reason": f"CASE {states} WHEN 'skipped' THEN 'no_consent' WHEN 'bounced' THEN 'hard_bounce' ELSE '' END",
        "planned_at": hand.ago(now, age), "not_before": hand.ago(now, age), "created_at": hand.ago(now, age),
        "header_id": f"'bench-{salt}-' || i || '@anphat.example'", "gone_at": gone, "ended_at": hand.ago(now, age),
    }  # fmt: skip


def _broadcast(hand: _Hand, plan: Plan, now: datetime, ids: Ids) -> None:
    drawn = hand.number(40, 100)
    states = f"CASE WHEN {drawn} < 90 THEN 'sent' WHEN {drawn} < 92 THEN 'bounced' ELSE 'skipped' END"
    columns = {
        "purpose": "'broadcast'", "lead_id": "i", "broadcast_id": str(ids.broadcast), "step": "'a'",
        "template_key": f"'{EMAILS[2]}'", **_message(hand, now, f"{30 * _DAY} - i / 200", states, 1),
    }  # fmt: skip
    hand.rows(messages, min(plan.broadcast, plan.leads), columns)


def _campaign(hand: _Hand, plan: Plan, now: datetime, ids: Ids) -> None:
    count = min(plan.enrollments, plan.leads)
    drawn, age = hand.number(50, 10), f"{hand.number(51, 90 * _DAY)} + {8 * _DAY}"
    state = f"CASE WHEN {drawn} < 2 THEN 'active' WHEN {drawn} < 8 THEN 'completed' ELSE 'exited' END"
    ahead = hand.ago(now, f"0 - {hand.number(52, 3 * _DAY)} - 3600")
    hand_rows = {
        "campaign_id": str(ids.campaign), "revision_id": str(ids.revision), "lead_id": "i", "state": state,
        "reason": f"CASE {state} WHEN 'exited' THEN 'goal_met' END", "cause": "'membership:' || i",
        "step": f"CASE {state} WHEN 'active' THEN 'digest' END",
        "due_at": f"CASE {state} WHEN 'active' THEN {ahead} END",
        "planned_at": f"CASE {state} WHEN 'active' THEN {ahead} END",
        "entered_at": hand.ago(now, age),
        "ended_at": f"CASE {state} WHEN 'active' THEN NULL ELSE {hand.ago(now, '60')} END",
    }  # fmt: skip
    with hand.without_indexes(enrollments):
        hand.rows(enrollments, count, hand_rows)
    for number, step in enumerate(STEPS[:2]):
        sent = f"CASE WHEN {hand.number(53 + number, 100)} < 95 THEN 'sent' ELSE 'skipped' END"
        columns = {
            "purpose": "'campaign'", "lead_id": "i", "campaign_id": str(ids.campaign), "enrollment_id": "i",
            "revision_id": str(ids.revision), "step": f"'{step}'", "occurrence": "1",
            "template_key": f"'{EMAILS[number]}'", **_message(hand, now, f"{age} - {number * _DAY}", sent, 2 + number),
        }  # fmt: skip
        hand.rows(messages, count // (1 + number), columns)
        passed = {
            "enrollment_id": "i", "campaign_id": str(ids.campaign), "step": f"'{step}'", "occurrence": "1",
            "outcome": "'done'", "planned_at": hand.ago(now, age), "at": hand.ago(now, age),
        }  # fmt: skip
        hand.rows(passages, count // (1 + number), passed)


def _opportunities(hand: _Hand, plan: Plan, now: datetime) -> None:
    drawn, age = hand.number(60, 10), hand.number(61, 200 * _DAY)
    stage = hand.one_of(("new", "contacted", "quoted"), hand.number(62, 3))
    state = f"CASE WHEN {drawn} < 5 THEN 'open' WHEN {drawn} < 7 THEN 'won' ELSE 'lost' END"
    columns = {
        "public_id": "'deal' || i", "lead_id": "i * 20", "pipeline": "'sales'", "name": "'Gói năm'",
        "owner_id": "(SELECT owner_id FROM leads WHERE leads.id = i * 20)",
        "stage": f"CASE {state} WHEN 'open' THEN {stage} ELSE 'new' END", "state": state,
        "value": f"{hand.number(63, 50)} * 1000000", "automatic": hand.yes, "criteria": hand.json("'[]'"),
        "cause": "'activity:' || i", "opened_at": hand.ago(now, age), "stage_since": hand.ago(now, age),
        "closed_at": f"CASE {state} WHEN 'open' THEN NULL ELSE {hand.ago(now, '3600')} END",
    }  # fmt: skip
    hand.rows(opportunities, min(plan.opportunities, plan.leads // 20), columns)
