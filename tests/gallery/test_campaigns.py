"""The gallery's campaigns can be used as they stand, in both languages."""

from pathlib import Path

import pytest

from nurture.campaigns.check import Known, check
from nurture.campaigns.load import Loaded, read_folder
from nurture.campaigns.model import Campaign
from nurture.campaigns.steps import kinds
from nurture.kernel.i18n import LANGUAGES
from nurture.segments.store import built_in

ROOT = Path(__file__).resolve().parents[2]
KEYS = [
    "birthday", "cold_low_risk_offer", "demo_no_show", "hot_lead_handoff", "lead_magnet", "post_sale_upsell",
    "re_engagement", "trial_onboarding", "webinar", "welcome_series", "win_back",
]  # fmt: skip
# A birthday and an evening that one has registered for come on a Sunday, too.
EVERY_DAY = {"birthday", "webinar"}
# Mails that do what the lead has asked for do not count against a cap.
ASKED_FOR = {"webinar"}


def _languages() -> dict[str, set[str]]:
    home = ROOT / "templates_email"
    keys = [path for path in home.iterdir() if path.is_dir() and not path.name.startswith("_")]
    return {path.name: {one.name for one in path.iterdir() if one.is_dir()} for path in keys}


@pytest.fixture(scope="module")
def gallery() -> Loaded:
    """The gallery, checked against its own emails and segments."""
    return check(read_folder(ROOT / "campaigns"), Known(built_in(), _languages()))


def _campaign(gallery: Loaded, key: str) -> Campaign:
    return next(campaign for campaign, _ in gallery.campaigns if campaign.key == key)


def test_nothing_is_to_be_mended(gallery: Loaded) -> None:
    """Neither errors nor warnings: every email is there in every language."""
    assert [problem.text() for problem in gallery.problems] == []
    assert [campaign.key for campaign, _ in gallery.campaigns] == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_each_file_has_the_name_of_its_campaign(gallery: Loaded, key: str) -> None:
    """And a name for people in both languages."""
    source = next(source for campaign, source in gallery.campaigns if campaign.key == key)
    assert source.file == f"{key}.yaml"
    assert set(_campaign(gallery, key).name) == set(LANGUAGES)


@pytest.mark.parametrize("key", KEYS)
def test_each_campaign_keeps_the_night_and_the_cap(gallery: Loaded, key: str) -> None:
    """From eight to eight, Sundays only where the day itself matters; three mails in seven days."""
    sending = _campaign(gallery, key).sending
    days = "mon-sun" if key in EVERY_DAY else "mon,tue,wed,thu,fri,sat"
    assert sending.policy.window is not None
    assert sending.policy.window.to_json() == {"days": days, "from": "08:00", "to": "20:00"}
    assert (sending.class_ == "transactional") is (key in ASKED_FOR)
    assert (sending.policy.cap is None) is (key in ASKED_FOR)
    assert sending.policy.cap is None or sending.policy.cap.to_json() == "3 in 7 days"


@pytest.mark.parametrize("key", KEYS)
def test_each_step_says_itself_in_both_languages(gallery: Loaded, key: str) -> None:
    """In a sentence that is not empty and differs."""
    for step in _campaign(gallery, key).steps.values():
        said = {language: kinds()[step.kind].describe(step.config, language) for language in LANGUAGES}
        assert all(said.values())
        assert said["vi"] != said["en"]


@pytest.mark.parametrize("key", KEYS)
def test_everybody_can_be_kept_out_by_a_tag(gallery: Loaded, key: str) -> None:
    """do-not-nurture ends each campaign."""
    campaign = _campaign(gallery, key)
    assert "do-not-nurture" in str(campaign.data["exit_when"])
