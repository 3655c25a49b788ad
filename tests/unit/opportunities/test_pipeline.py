"""Reading pipeline.yaml: what it says, and every finding at once with its line."""

from datetime import timedelta
from pathlib import Path

import pytest

from nurture.kernel.errors import DefinitionError
from nurture.leads.model import Temperature
from nurture.opportunities.model import AlertLimits
from nurture.opportunities.pipeline import load
from nurture.segments.store import built_in

GALLERY = Path(__file__).resolve().parents[3] / "campaigns" / "_shared" / "pipeline.yaml"
FACTS = built_in()
BASE = """key: sales
name: {vi: Bán hàng, en: Sales}
stages: [{key: new, name: Mới, probability: 10}]
qualification: {fit: {at_least: 20}}
"""


def test_the_gallery_file_loads() -> None:
    """Hot, fit, no customer; a day's cooldown, ten mails a day."""
    pipeline = load(GALLERY.read_text("utf-8"), "pipeline.yaml", FACTS)
    assert pipeline.qualifying.temperature is Temperature.HOT
    assert not pipeline.qualifying.customers
    assert pipeline.alerts == AlertLimits(timedelta(hours=24), 10)
    assert pipeline.first.key == "new"
    assert [stage.probability for stage in pipeline.stages] == sorted(stage.probability for stage in pipeline.stages)


def test_what_is_not_said_has_a_default() -> None:
    """Hot is needed, money is VND."""
    pipeline = load(BASE, "f", FACTS)
    assert (pipeline.qualifying.fit, pipeline.qualifying.temperature) == (20, Temperature.HOT)
    assert (pipeline.currency, pipeline.alerts) == ("VND", AlertLimits())


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param(BASE + "stage: []\n", "unknown_key", 5, id="a key nobody knows"),
        pytest.param(BASE.replace("key: sales\n", ""), "missing_key", 1, id="no key"),
        pytest.param(BASE.replace("[{key: new, name: Mới, probability: 10}]", "[]"), "no_stages", 3, id="no stages"),
        pytest.param(BASE.replace("probability: 10", "probability: 101"), "not_a_number", 3, id="over a hundred"),
        pytest.param(BASE.replace("at_least: 20", "at_least: much"), "not_a_number", 4, id="no number"),
        pytest.param(BASE + "currency: dong\n", "bad_currency", 5, id="no currency"),
        pytest.param(BASE + "alerts: {cooldown: soon}\n", "bad_span", 5, id="no span"),
        pytest.param(BASE.replace("at_least: 20}", "at_least: 1}, customers: maybe"), "not_yes_no", 4, id="no flag"),
        pytest.param(BASE.replace("at_least: 20}", "at_least: 1}, temperature: cold"), "unknown_value", 4, id="cold"),
        pytest.param(BASE.replace("at_least: 20}", "at_least: 1}, when: {tagg: x}"), "unknown_condition", 4, id="rule"),
        pytest.param(
            BASE + "lost_reasons: [{key: a, name: A}, {key: a, name: B}]\n", "double_key", 5, id="a reason twice"
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, code: str, line: int) -> None:
    """The code is stable, the line is where a person looks."""
    with pytest.raises(DefinitionError) as caught:
        load(text, "pipeline.yaml", FACTS)
    assert [(one.code, one.line) for one in caught.value.problems] == [(code, line)]


def test_all_findings_come_at_once() -> None:
    """An empty file lacks everything."""
    with pytest.raises(DefinitionError) as caught:
        load("{}\n", "f", FACTS)
    assert len(caught.value.problems) == 4
