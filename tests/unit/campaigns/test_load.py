"""A folder is read whole: campaigns, segments, shared files, with every finding of all of them."""

from pathlib import Path

import pytest

from nurture.campaigns.check import Known, check
from nurture.campaigns.load import Folder, load, read_folder
from nurture.kernel.errors import DefinitionError, OutsideError, Problem
from nurture.segments.store import built_in
from tests.unit.campaigns.test_definition import GOOD

SEGMENTS = "new_leads: {name: New, when: {field: created_at, in_last: 7 days}}\n"
FACTS = built_in()


def _folder(shared: str = SEGMENTS, **campaigns: str) -> Folder:
    return Folder(
        {f"{key}.yaml": text for key, text in campaigns.items()}, {"segments": ("_shared/segments.yaml", shared)}
    )


def test_campaigns_may_name_the_segments_of_the_folder() -> None:
    """And emails that there are."""
    found = load(_folder(welcome=GOOD), FACTS, {"hello": {"vi", "en"}})
    assert found.problems == ()
    assert [campaign.key for campaign, _ in found.campaigns] == ["welcome"]
    assert [one.key for one in found.segments] == ["new_leads"]


def test_findings_of_all_files_come_together() -> None:
    """In the order of files and lines."""
    bad = GOOD.replace("new_leads", "nobody")
    found = load(_folder("new_leads: {when: {tagg: x}}\n", a=bad, b="key: [", c=GOOD), FACTS)
    assert [(problem.file, problem.line) for problem in found.errors] == [
        ("_shared/segments.yaml", 1),
        ("a.yaml", 3),
        ("b.yaml", 1),
    ]


def test_two_campaigns_of_one_key_are_a_finding() -> None:
    """It names the other file."""
    found = load(_folder(a=GOOD, b=GOOD), FACTS)
    assert [problem.text() for problem in found.errors] == [
        "b.yaml:1:1: The key “welcome” is that of a.yaml too (give each campaign its own)"
    ]


def test_later_stages_hand_in_their_readers() -> None:
    """Their findings stand among the others."""

    def refuse(text: str, file: str) -> None:
        raise DefinitionError([Problem("bad", f"{text.strip()} is bad", file=file, line=1)])

    folder = Folder({}, {"scoring": ("_shared/scoring.yaml", "rules: []\n")})
    found = load(folder, FACTS, shared_checks={"scoring": refuse, "pipeline": refuse})
    assert [problem.text() for problem in found.errors] == ["_shared/scoring.yaml:1: rules: [] is bad"]


def test_an_email_in_one_language_only_is_a_warning() -> None:
    """With the place where it is named."""
    found = check(_folder(welcome=GOOD), Known(FACTS, {"hello": {"vi"}}))
    assert [(p.line, p.severity, p.text()) for p in found.problems] == [
        (8, "warning", "welcome.yaml:8:17: The email “hello” is missing in: en")
    ]
    assert found.errors == ()


def test_advertising_without_a_link_to_unsubscribe_is_refused() -> None:
    """In each language that lacks it; mail that is no advertising may do without."""
    known = Known(FACTS, {"hello": {"vi", "en"}}, closed={"hello": ["en"], "receipt": ["vi"]})
    found = check(_folder(welcome=GOOD), known)
    assert [(p.line, p.severity, p.code, p.text()) for p in found.problems] == [
        (
            8,
            "error",
            "no_unsubscribe",
            (
                "welcome.yaml:8:17: The email “hello” is advertising without a link to unsubscribe, in: en "
                "(write {{ unsubscribe_url }} into it, or use a layout that has it)"
            ),
        )
    ]
    assert check(_folder(welcome=GOOD.replace("class: advertising", "class: deal")), known).errors == ()


def test_a_folder_is_read_from_disk(tmp_path: Path) -> None:
    """One file of a campaign brings its neighbours in _shared along."""
    (tmp_path / "_shared").mkdir()
    (tmp_path / "_shared" / "segments.yaml").write_text(SEGMENTS, "utf-8")
    (tmp_path / "welcome.yaml").write_text("\ufeff" + GOOD, "utf-8")
    (tmp_path / "notes.txt").write_text("no campaign", "utf-8")
    whole = read_folder(tmp_path)
    assert whole == read_folder(tmp_path / "welcome.yaml")
    assert load(whole, FACTS).problems == ()


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """No folder; a file that is not UTF-8, with the line."""
    with pytest.raises(OutsideError, match="no such"):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "a.yaml").write_bytes(b"key: a\nname: Ch\xe0o\n")
    with pytest.raises(DefinitionError, match=r"a\.yaml:2: This is not UTF-8"):
        read_folder(tmp_path)
