"""What rows do to leads, decided in values."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nurture.capture.fold import BLANK, Known, Part, fold_part
from nurture.capture.model import Draft, Options
from nurture.consents.model import Channel, Method, Purpose

STATED = Options(consent="Paper form")


def _draft(line: int, email: str | None = "a@example.com", **options: Any) -> Draft:
    values: dict[str, Any] = {
        "phone": None, "facts": {}, "tags": {}, "refuses": frozenset(), "consent": None, "proof": "", "dropped": 0,
    }  # fmt: skip
    return Draft(line, email, **{**values, **options})


def test_a_known_lead_that_nothing_changes_is_unchanged() -> None:
    """And nothing is written for it."""
    known = {"a@example.com": Known(1, {**BLANK, "name": "A"}, frozenset({"vip"}))}
    part = fold_part([_draft(2, facts={"name": "A"}, tags={"vip": "VIP"})], known, set(), set(), Options())
    assert (part.unchanged, part.changes, part.without_consent) == (1, [], 1)


def test_a_statement_is_not_repeated_and_lifts_nothing() -> None:
    """Neither for who agreed already, nor who withdrew, nor who is suppressed."""
    known = {
        "yes@example.com": Known(1, BLANK, given={Purpose.ADVERTISING: True, Purpose.TRACKING: True}),
        "no@example.com": Known(2, BLANK, given={Purpose.ADVERTISING: False, Purpose.TRACKING: True}),
        "blocked@example.com": Known(3, BLANK),
    }
    blocked = {(Channel.EMAIL, "blocked@example.com")}
    part = fold_part([_draft(n, email) for n, email in enumerate(known, 2)], known, blocked, set(), STATED)
    assert (part.unchanged, part.changes, part.without_consent) == (3, [], 0)


def test_a_refusal_is_written_once_for_each_address() -> None:
    """Also when two rows say it."""
    refuses = frozenset({Channel.EMAIL, Channel.CALL})
    drafts = [_draft(n, refuses=refuses, facts={"phone": "+84901111111"}) for n in (2, 3)]
    part = fold_part(drafts, {}, set(), set(), STATED)
    assert part.changes[0].refusals == [
        (Channel.CALL, "+84901111111", 2), (Channel.EMAIL, "a@example.com", 2),
    ]  # fmt: skip
    assert part.changes[0].words == []
    assert (part.created, part.duplicates, part.without_consent) == (1, 1, 0)


def test_a_yes_in_the_row_is_proven_by_the_row() -> None:
    """The statement is for the rows that say nothing."""
    part = fold_part([_draft(2, consent=True, proof="Agreed: yes")], {}, set(), set(), STATED)
    assert {(word.method, word.proof) for word in part.changes[0].words} == {(Method.IMPORT, "Agreed: yes")}


def test_one_no_among_the_rows_of_a_lead_is_a_no() -> None:
    """Whichever comes first."""
    yes, no = _draft(2, consent=True, proof="yes"), _draft(3, consent=False, proof="no")
    for drafts in ([yes, no], [no, yes]):
        words = fold_part(drafts, {}, set(), set(), STATED).changes[0].words
        assert [(word.purpose, word.given, word.line) for word in words] == [(Purpose.ADVERTISING, False, 3)]


@given(
    st.sampled_from([None, True, False]), st.sampled_from([(), ("email",), ("call", "sms")]), st.booleans(),
    st.booleans(), st.sampled_from(["", "Paper form"]),
)  # fmt: skip
def test_a_lone_row_comes_to_what_it_comes_to_among_others(
    consent: bool | None, refuses: tuple[str, ...], is_blocked: bool, has_address: bool, statement: str
) -> None:
    """A second row that says nothing changes nothing but the count of duplicates."""
    phone = "+84901111111"
    row = _draft(
        2, "a@example.com" if has_address else None, phone=phone, facts={"name": "A", "phone": phone}, dropped=1,
        consent=consent, proof="" if consent is None else "Agreed", refuses=frozenset(map(Channel, refuses)),
        tags={"vip": "VIP"},
    )  # fmt: skip
    blocked = {(Channel.EMAIL, "a@example.com")} if is_blocked else set()
    options = Options(consent=statement)
    alone = fold_part([row], {}, set(blocked), set(), options)
    silent = row._replace(line=3, facts={}, tags={}, consent=None, refuses=frozenset(), dropped=0)
    among = fold_part([row, silent], {}, set(blocked), set(), options)
    assert _told(alone) == _told(among)
    assert (alone.duplicates, among.duplicates) == (0, 1)


def _told(part: Part) -> Any:
    (one,) = part.changes
    counts = (part.created, part.updated, part.unchanged, part.without_consent, part.dropped_values)
    return counts, one.lead_id, one.email, one.line, one.facts, one.tags, one.refusals, one.words, one.conflicts


def test_a_yes_that_a_later_row_brings_lowers_the_number_without() -> None:
    """The lead was counted with its first row."""
    known = {"a@example.com": Known(1, BLANK)}
    part = fold_part([_draft(900, consent=True, proof="yes")], known, set(), {"a@example.com"}, Options())
    assert (part.duplicates, part.without_consent, len(part.changes)) == (1, -1, 1)
