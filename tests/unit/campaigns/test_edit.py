"""Ids are written into a campaign's text, and every other byte stays."""

from nurture.campaigns.definition import read_campaign
from nurture.campaigns.edit import with_ids
from nurture.kernel.yamlfile import Source, read
from nurture.segments.store import built_in

TEXT = """# our first campaign
key: tour   # never change this
name: 'Tour'
entry: {by_hand: true}
steps:
  - send_email: tour_hello     # at once

  - wait: 2 days
  - {  wait: 1 day }
  - id: wait
    wait: "3 hours"
  - branch:
      when: {tag: vip}
      then:
        - add_tag: seen
      else:
        - {exit: true}
"""
MENDED = """# our first campaign
key: tour   # never change this
name: 'Tour'
entry: {by_hand: true}
steps:
  - id: tour_hello
    send_email: tour_hello     # at once

  - id: wait_2_days
    wait: 2 days
  - {id: wait_1_day, wait: 1 day }
  - id: wait
    wait: "3 hours"
  - id: branch
    branch:
      when: {tag: vip}
      then:
        - id: seen
          add_tag: seen
      else:
        - {id: exit, exit: true}
"""


def _mended(text: str) -> tuple[str, dict[str, str]]:
    source: Source = read(text, "tour.yaml")
    _, problems = read_campaign(source, built_in())
    return with_ids(source, problems)


def test_each_step_without_an_id_gets_one() -> None:
    """Named for what it does, no two alike, in flow and in block form."""
    text, given = _mended(TEXT)
    assert sorted(given.values()) == ["branch", "exit", "seen", "tour_hello", "wait_1_day", "wait_2_days"]
    assert _mended(text)[1] == {}


def test_nothing_else_changes() -> None:
    """Comments, blank lines, quotes and spelling stay as they are."""
    assert _mended(TEXT)[0] == MENDED


def test_what_has_its_ids_stays_as_it_is() -> None:
    """To the byte, carriage returns included."""
    text = MENDED.replace("\n", "\r\n")
    assert _mended(text)[0] == text
