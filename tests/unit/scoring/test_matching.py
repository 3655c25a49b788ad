"""Which activities a scoring rule counts."""

from datetime import UTC, datetime
from typing import Any

import pytest

from nurture.activities.model import Kind
from nurture.scoring.matching import meets
from nurture.scoring.model import Awaited, Happened

AT = datetime(2026, 11, 2, tzinfo=UTC)


def _click(**more: Any) -> Happened:
    values = {"url": "https://shop.example/Bảng-giá?x=1", "email_key": "hello", "campaign_key": "welcome", **more}
    return Happened(1, 1, Kind.CLICKED, AT, **values)


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        pytest.param(Awaited(Kind.CLICKED), True, id="any click"),
        pytest.param(Awaited(Kind.OPENED), False, id="another kind"),
        pytest.param(Awaited(Kind.CLICKED, emails=("other", "hello")), True, id="one of several emails"),
        pytest.param(Awaited(Kind.CLICKED, emails=("other",)), False, id="another email"),
        pytest.param(Awaited(Kind.CLICKED, campaigns=("welcome",)), True, id="its campaign"),
        pytest.param(Awaited(Kind.CLICKED, links=("/bang-gia",)), True, id="a piece of the address, accents aside"),
        pytest.param(Awaited(Kind.CLICKED, links=("/pricing",)), False, id="another address"),
        pytest.param(Awaited(Kind.CLICKED, not_links=("/bang-gia",)), False, id="an address left out"),
        pytest.param(Awaited(Kind.CLICKED, not_links=("/pricing",)), True, id="another address left out"),
    ],
)
def test_every_part_given_must_match(on: Awaited, counts: bool) -> None:
    """Parts not given ask nothing."""
    assert meets(on, _click()) is counts


def test_a_click_without_an_address_meets_no_link() -> None:
    """It does meet a rule that leaves addresses out."""
    assert not meets(Awaited(Kind.CLICKED, links=("/bang-gia",)), _click(url=None))
    assert meets(Awaited(Kind.CLICKED, not_links=("/bang-gia",)), _click(url=None))


def test_a_withdrawn_activity_meets_nothing() -> None:
    """Its verdict changed."""
    assert not meets(Awaited(Kind.CLICKED), _click(withdrawn_at=AT))


@pytest.mark.parametrize(("verdict", "counts"), [("human", True), ("proxy", False), (None, False)])
def test_details_are_compared_by_value(verdict: str | None, counts: bool) -> None:
    """An open through a proxy is not one by a person."""
    happened = Happened(1, 1, Kind.OPENED, AT, detail={"verdict": verdict} if verdict else {})
    assert meets(Awaited(Kind.OPENED, detail=(("verdict", ("human",)),)), happened) is counts
