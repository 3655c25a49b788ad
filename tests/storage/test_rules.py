"""SQL and Python give the same answer to every rule, on both databases.

The leads are chosen for their edges: no value, blank, accents and đ, text in decomposed form, values of another type,
instants exactly at a border, withdrawn activities, a lead that was merged away.
"""

import itertools
import random
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.tables import activities
from nurture.campaigns.tables import campaign_revisions, campaigns
from nurture.enrollments.tables import enrollments
from nurture.kernel.database import Database
from nurture.kernel.text import fold
from nurture.leads.model import FieldType
from nurture.leads.tables import companies, field_definitions, lead_tags, leads, tags
from nurture.opportunities.tables import opportunities
from nurture.rules.evaluate import evaluate
from nurture.rules.facts import Facts, Type, View
from nurture.rules.operators import of_type
from nurture.rules.parse import parse
from nurture.rules.quick import holds
from nurture.rules.sql import leading, to_sql
from nurture.segments import store
from nurture.segments.tables import memberships, segments
from nurture.segments.view import view
from nurture.users.tables import users

NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_TEXTS = [
    "Hà Nội", "ha noi", "HÀ NỘI", unicodedata.normalize("NFD", "Hà Nội"), "Đà Nẵng", "đà", "da nang", "", "  ", "50%_a",
    "o'neil \"x\" \\ ~", "Straße", "İzmir", "ﬁ", "東京 😀", "a\tb\nc", "Huế 1", "1",
]  # fmt: skip
_MARKS = ["false", "true", "null", "0"]
_NUMBERS = [0, 1, -1, 5, 5.0, 0.1, 30, 2**53 + 1, 10**14, 1.5e300, 10**400, "5", True, None]
_DAYS = ["2026-11-02", "2026-11-01", "2026-10-03", "2026-12-31", "2/11/2026", "2026-11-2", "", None, 20261102]
_INSTANTS = [
    NOW, NOW - _MICRO, NOW + _MICRO, NOW - timedelta(days=7), NOW - timedelta(days=7) - _MICRO,
    NOW - timedelta(days=30), datetime(2026, 11, 1, 17, tzinfo=UTC), datetime(2026, 11, 1, 17, tzinfo=UTC) - _MICRO,
    datetime(2026, 10, 31, 17, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC),
]  # fmt: skip
_TAGS = ["vip", "do-not-nurture", "khach_quen"]
_LISTS = [
    ["Bánh mì", "Cà phê"],
    [unicodedata.normalize("NFD", "bánh mì")],
    ["CA PHE", "Đá"],
    [],
    ["a\x1fb"],
    "Đá",
    None,
]
_ABOUTS = {
    Kind.CALLED: ["no_answer", "interested"],
    Kind.TAGGED: ["vip", "do-not-nurture"],
    Kind.PAGE_VISITED: ["/bang-gia", "/bang-gia/2026", "/bang-gi", "/", "/bang-gia\U0010fffe"],
}
_EMAILS = ["hello", "guide", None]
_LINKS = ["https://a.example/bang-gia?x=%20", "https://a.example/Bảng-giá", "", None]
_KINDS = [Kind.CLICKED, Kind.OPENED, Kind.MESSAGE_SENT, Kind.CALLED, Kind.TAGGED, Kind.PAGE_VISITED]
_FIELDS = {
    "trade": (FieldType.TEXT, []),
    "staff": (FieldType.NUMBER, []),
    "ends": (FieldType.DATE, []),
    "vip": (FieldType.YES_NO, []),
    "plan": (FieldType.CHOICE, ["Cơ bản", "Nâng cao"]),
    "likes": (FieldType.LIST, []),
}


class People:
    """A population written once, and asked in both ways."""

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        _write(conn)
        self.facts: Facts = store.facts(conn)
        ids = list(conn.execute(leads.select().with_only_columns(leads.c.id)).scalars())
        self.views: dict[int, View] = view(conn, ids, self.facts)
        self.merged = len(ids) - len(self.views)

    def ask(self, when: Any) -> tuple[set[int], set[int]]:
        """The leads on which the rule holds: by SQL, by Python."""
        rule = parse(when, self.facts)
        found = set(self.conn.execute(to_sql(rule, NOW, self.facts)).scalars())
        some = sorted(self.views)[::3]
        few = set(self.conn.execute(to_sql(rule, NOW, self.facts, some)).scalars())
        assert few == found & set(some)
        for one in leading(rule):
            assert set(self.conn.execute(to_sql(rule, NOW, self.facts, led_by=one)).scalars()) == found
        seen = {one for one, lead in self.views.items() if evaluate(rule, lead, NOW, self.facts).holds}
        quick = {one for one, lead in self.views.items() if holds(rule, lead, NOW, self.facts)}
        assert quick == seen
        return found, seen


def _write(conn: Connection) -> None:
    draw = random.Random(7)
    zero = {"created_at": NOW, "updated_at": NOW}
    staff = [{"email": f"{n}@anphat.example", "name": n, "role": "sales"} for n in ("mai", "nam")]
    conn.execute(users.insert(), [{**one, "working_hours": {}, "created_at": NOW} for one in staff])
    for number, (name, domain, size) in enumerate((("Công ty An Phát", "anphat.example", 12), ("Đông Á", None, None))):
        row = {"name": name, "name_folded": fold(name), "domain": domain, "size": size, "created_at": NOW}
        conn.execute(companies.insert().values(public_id=f"c{number}", **row))
    fields = [
        {"key": k, "label": k, "type": t.value, "choices": c, "position": 0, "created_at": NOW}
        for k, (t, c) in _FIELDS.items()
    ]
    conn.execute(field_definitions.insert(), fields)
    conn.execute(tags.insert(), [{"key": key, "label": key} for key in _TAGS])
    for key in ("new", "old"):
        conn.execute(segments.insert().values(key=key, name={}, rule={}, hash="", **zero))
    conn.execute(leads.insert(), [_lead(draw, n) for n in range(90)])
    conn.execute(leads.update().where(leads.c.id.in_([5, 6])).values(merged_into=1))
    pairs = itertools.product(range(1, 91), _TAGS)
    conn.execute(lead_tags.insert(), [{"lead_id": i, "tag": t, "at": NOW} for i, t in pairs if draw.random() < 0.4])
    stays = [
        {"segment_id": s, "lead_id": i, "joined_at": NOW, "left_at": draw.choice([None, NOW])}
        for s, i in itertools.product((1, 2), range(1, 91))
        if draw.random() < 0.5
    ]
    conn.execute(memberships.insert(), stays)
    conn.execute(activities.insert(), [_activity(draw) for _ in range(600)])
    conn.execute(opportunities.insert(), [_opportunity(draw, n) for n in range(80)])
    for key in ("welcome", "cold"):
        conn.execute(campaigns.insert().values(key=key, name={}, state="live", created_at=NOW))
    for number in (1, 2):
        conn.execute(
            campaign_revisions.insert().values(
                campaign_id=number, hash="", source="", definition={}, created_at=NOW, created_by="cli"
            )
        )
    ways = [_enrollment(draw, lead) for lead in range(1, 60) for _ in range(3)]
    active = {(one["campaign_id"], one["lead_id"]): one for one in ways if one["state"] == "active"}
    conn.execute(enrollments.insert(), [one for one in ways if one["state"] != "active"] + list(active.values()))


def _opportunity(draw: random.Random, number: int) -> dict[str, Any]:
    state = draw.choice(["open", "won", "lost", "withdrawn"])
    return {
        "public_id": f"o{number}",
        "lead_id": draw.randint(1, 60),
        "pipeline": "sales",
        "name": "",
        "stage": draw.choice(["new", "proposal"]),
        "state": state,
        "value": draw.choice([None, 0, 5_000_000, 2**40]),
        "automatic": False,
        "criteria": [],
        "cause": "test",
        "opened_at": draw.choice(_INSTANTS),
        "stage_since": draw.choice(_INSTANTS),
        "closed_at": None if state == "open" else draw.choice(_INSTANTS),
    }


def _enrollment(draw: random.Random, lead: int) -> dict[str, Any]:
    state = draw.choice(["active", "completed", "exited", "failed"])
    number = draw.choice([1, 2])
    return {
        "campaign_id": number,
        "revision_id": number,
        "lead_id": lead,
        "state": state,
        "reason": draw.choice([None, "goal_reached"]),
        "cause": "test",
        "step": draw.choice([None, "hello"]),
        "entered_at": draw.choice(_INSTANTS),
        "ended_at": None if state == "active" else draw.choice(_INSTANTS),
    }


def _lead(draw: random.Random, number: int) -> dict[str, Any]:
    name, city = draw.choice(_TEXTS), draw.choice(_TEXTS)
    own = {
        "trade": draw.choice([*_TEXTS, None, 5, True]),
        "staff": draw.choice(_NUMBERS),
        "ends": draw.choice([*_DAYS, "2024-02-29", "2020-11-05", "1999-01-30"]),
        "vip": draw.choice([True, False, None, "true", 1]),
        "plan": draw.choice(["Cơ bản", "Nâng cao", "nang cao", "", None]),
        "likes": draw.choice(_LISTS),
    }
    return {
        "public_id": f"p{number}",
        "email": draw.choice([f"a{number}@exämple.test", f"a{number}@example.test"]),
        "phone": draw.choice([f"+8490{number:07}", None]),
        "name": name,
        "name_folded": fold(name),
        "city": city,
        "city_folded": fold(city),
        "honorific": draw.choice(["", "chị", "anh"]),
        "source": draw.choice(["", "google", "báo đài"]),
        "language": draw.choice([None, "vi", "en"]),
        "owner_id": draw.choice([None, 1, 2]),
        "company_id": draw.choice([None, 1, 2]),
        "temperature": draw.choice(["cold", "warm", "hot"]),
        "lifecycle": draw.choice(["lead", "customer", "mql"]),
        "engagement": draw.choice([0, 29, 30, 31]),
        "fit": draw.choice([-5, 0, 30]),
        "fields": {key: value for key, value in own.items() if value is not None or draw.random() < 0.5},
        "created_at": draw.choice(_INSTANTS),
        "updated_at": NOW,
        "last_activity_at": draw.choice([None, *_INSTANTS]),
        "paused_at": draw.choice([None, NOW]),
    }


def _activity(draw: random.Random) -> dict[str, Any]:
    kind = draw.choice(_KINDS)
    return {
        "lead_id": draw.randint(1, 60),
        "kind": kind.value,
        "about": draw.choice([*_ABOUTS.get(kind, []), None]),
        "occurred_at": draw.choice(_INSTANTS),
        "recorded_at": NOW,
        "actor": "lead",
        "cause": "test",
        "email_key": draw.choice(_EMAILS),
        "campaign_key": draw.choice([None, "welcome"]),
        "url": draw.choice(_LINKS),
        "detail": {},
        "withdrawn_at": draw.choice([None, None, NOW]),
    }


@pytest.fixture
def people(database: Database) -> Iterator[People]:
    """The population, in a transaction that is never committed."""
    with database.engine.connect() as conn:
        yield People(conn)


def _values(type_: Type, operator: str) -> list[Any]:
    """Values to compare facts of this type with."""
    match operator:
        case "empty":
            return [True, False]
        case "in_last" | "in_next" | "more_than_ago":
            return ["7 days", "30 days", "1 minute", "60 days"]
        case "anniversary":
            return ["today", "7 days", "90 days"]
        case "between" if type_ is Type.NUMBER:
            return [[0, 5], [0.05, 0.5], [-1, 10**14]]
        case "between":
            return [["2026-11-01", "2026-11-02"], ["2026-10-03", "2026-10-03"]]
        case "has_any" | "has_all" | "has_none":
            return ["Bánh mì", ["ca phe", "đá"], ["banh mi", "Cà Phê"], "a b", "b"]
        case "before" | "after":
            return ["2026-11-02", "2026-11-01", "7 days ago", "2026-11-02T09:00:00+07:00"]
        case "any_of":
            return [[one] for one in _values(type_, "is")] + [_values(type_, "is")[:3]]
        case _:
            return _of_type(type_)


def _of_type(type_: Type) -> list[Any]:
    match type_:
        case Type.NUMBER:
            return [one for one in _NUMBERS if isinstance(one, (int, float)) and one is not True and abs(one) < 1e15]
        case Type.INSTANT | Type.DATE:
            return ["2026-11-02", "2026-11-01", "2026-10-03"]
        case Type.YES_NO:
            return [True, False]
        case Type.PERSON:
            return ["mai@anphat.example", "Nobody@x.test"]
        case _:
            return [one for one in _TEXTS if fold(one)]


def _leaves(facts: Facts) -> list[dict[str, Any]]:
    """Every fact with every comparison and value."""
    found: list[dict[str, Any]] = []
    for key, fact in facts.values.items():
        for operator in of_type(fact.type):
            chosen = _values(fact.type, operator)
            if fact.choices and operator in {"is", "is_not"}:
                chosen = list(fact.choices)
            if fact.choices and operator == "any_of":
                chosen = [[one] for one in fact.choices] + [list(fact.choices[:2])]
            if key == "honorific":
                chosen = [["chị"]] if operator == "any_of" else [True] if operator == "empty" else ["chi"]
            if key == "phone":
                chosen = [["0900000001"]] if operator == "any_of" else [True] if operator == "empty" else ["0900"]
            found += [{"field": key, operator: value} for value in chosen]
    return found


def test_every_comparison_is_the_same_in_sql_and_in_python(people: People) -> None:
    """Each fact, each operator, each value; as it is, under none, and doubly so."""
    asked = _leaves(people.facts)
    assert len(asked) > 400
    some_hold = 0
    for leaf in asked:
        for when in (leaf, {"none": [leaf]}, {"none": [{"none": [leaf]}]}):
            found, seen = people.ask(when)
            assert found == seen, when
            some_hold += 0 < len(found) < len(people.views)
    assert some_hold > 400
    assert people.merged == 2


_activity_parts = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from(["hello", "guide", "nothing", ["hello", "guide"]]),
        "campaign": st.sampled_from(["welcome", "other"]),
        "times": st.integers(1, 3),
        "within": st.sampled_from(["7 days", "30 days", "1 minute", "1000 days"]),
    },
)
_counts = st.fixed_dictionaries(
    {"within": st.sampled_from(["7 days", "30 days", "1000 days"])},
    optional={"at_least": st.integers(1, 2), "at_most": st.integers(2, 4)},
)
_records = st.one_of(
    st.builds(lambda state: {"opportunity": state}, st.sampled_from(["open", "won", "none", "any", ["open", "lost"]])),
    st.builds(
        lambda state, stage, within: {"opportunity": {"state": state, "stage": stage, "within": within}},
        st.sampled_from(["open", "won", "lost"]),
        st.sampled_from(["New", "proposal"]),
        st.sampled_from(["7 days", "1000 days"]),
    ),
    st.builds(lambda n: {"opportunity": {"value": {"at_least": n}}}, st.sampled_from([0, 1, 5e6, 2**40])),
    st.builds(lambda flag: {"opportunity": {"closed": {"empty": flag}, "stage": "new"}}, st.booleans()),
    st.builds(lambda day: {"opportunity": {"opened": {"on": day}}}, st.sampled_from(["2026-11-02", "2026-11-01"])),
    st.builds(
        lambda key, state, within: {"campaign": {"key": key, "state": state, "within": within}},
        st.sampled_from(["welcome", ["welcome", "cold"], "gone"]),
        st.sampled_from(["active", "completed", ["exited", "failed"], "never"]),
        st.sampled_from(["7 days", "30 days", "1000 days"]),
    ),
    st.builds(lambda key: {"campaign": key}, st.sampled_from(["welcome", "gone"])),
    st.just({"campaign": {"reason": "goal_reached", "state": "exited"}}),
)
_more = st.one_of(
    _records,
    st.builds(lambda parts: {"clicked": parts}, _counts),
    st.builds(lambda n: {"opened": {"exactly": n}}, st.integers(0, 3)),
    st.builds(lambda parts: {"never": {"opened": parts}}, _activity_parts),
    st.builds(
        lambda path, parts: {"page_visited": {"path": path, **parts}},
        st.sampled_from(["/bang-gia", "/Bảng-Giá", "/", ["/bang-gia/", "/x"], "/bang-gia\U0010fffe"]),
        _counts,
    ),
    st.builds(lambda one: {"called": {"outcome": one}}, st.sampled_from(["no_answer", ["busy", "interested"]])),
    st.builds(lambda one: {"tagged": {"tag": one, "within": "30 days"}}, st.sampled_from(["VIP", ["vip", "x"]])),
    st.builds(
        lambda word, names: {"tag": {word: names}},
        st.sampled_from(["has_any", "has_all", "has_none"]),
        st.lists(st.sampled_from(_TAGS), min_size=1, max_size=3),
    ),
    st.sampled_from(
        [
            {"company": "công ty an phát"}, {"company": "none"}, {"company": {"domain": "AnPhat.example"}},
            {"company": {"size": {"between": [10, 50]}, "name": {"contains": "an"}}},
            {"company": {"size": {"empty": True}}},
        ]
    ),
)  # fmt: skip
_conditions = st.one_of(
    _more,
    st.builds(lambda kind, parts: {kind: parts}, st.sampled_from(["clicked", "opened", "sent", "called"]), st.just({})),
    st.builds(lambda kind, parts: {kind: parts}, st.sampled_from(["clicked", "opened", "sent"]), _activity_parts),
    st.builds(
        lambda link, parts: {"clicked": {**parts, "link": link}},
        st.sampled_from(["/bang-gia", "/Bảng", "/bảng", "%20", "a.example"]),
        _activity_parts,
    ),
    st.builds(
        lambda names: {"tag": names}, st.lists(st.sampled_from([*_TAGS, "VIP", "other"]), min_size=1, max_size=2)
    ),
    st.builds(lambda key: {"segment": key}, st.sampled_from(["new", "old", "gone"])),
    st.builds(lambda one: {"temperature": one}, st.sampled_from(["cold", "warm", ["warm", "hot"]])),
    st.builds(lambda one: {"owner": one}, st.sampled_from(["none", "any", "mai@anphat.example"])),
    st.builds(lambda a, b: {"score": {"at_least": a, "less_than": b}}, st.integers(-5, 61), st.integers(-5, 61)),
    st.builds(lambda text: {"field": "trade", "contains": text}, st.sampled_from(["à", "noi", "%", "1", "ß", "😀"])),
    st.builds(lambda text: {"field": "city", "is_not": text}, st.sampled_from(["Hà Nội", "Đà Nẵng"])),
    st.builds(lambda text: {"field": "company", "starts_with": text}, st.sampled_from(["Công", "Đông", "x"])),
    st.builds(lambda n: {"field": "staff", "at_most": n}, st.sampled_from([0, 1, 5, 0.1, 30])),
    st.builds(lambda n: {"field": "last_activity_at", "before": f"{n} days ago"}, st.sampled_from([1, 7, 30])),
)
_rules = st.recursive(
    _conditions,
    lambda inner: st.builds(
        lambda join, parts: {join: parts},
        st.sampled_from(["all", "any", "none"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=8,
).filter(lambda rule: _depth(rule) <= 5)


def _depth(rule: dict[str, Any]) -> int:
    ((key, value), *_) = rule.items()
    return 1 + max(_depth(one) for one in value) if key in {"all", "any", "none"} else 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(when=_rules)
def test_every_rule_is_the_same_in_sql_and_in_python(people: People, when: dict[str, Any]) -> None:
    """Groups nested in groups over every kind of condition; a rule and its opposite part the leads in two."""
    found, seen = people.ask(when)
    assert found == seen
    opposite, _ = people.ask({"none": [when]}) if _depth(when) < 5 else (set(people.views) - found, set())
    assert found | opposite == set(people.views)
    assert not found & opposite


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12))
def test_any_text_is_found_by_itself(people: People, text: str) -> None:
    """Whatever somebody writes into a field of their own, both ways answer alike, and `is` finds it."""
    conn = people.conn
    conn.execute(leads.update().where(leads.c.id == 1).values(fields={"trade": text}))
    people.views |= view(conn, [1], people.facts)
    when = {"field": "trade", "is": text} if fold(text) else {"field": "trade", "empty": True}
    found, seen = people.ask(when)
    assert found == seen
    assert 1 in found
