"""The profile `eu`."""

from nurture.policy.laws import profile


def test_consent_and_a_way_out_are_asked_for_and_no_label() -> None:
    """Nor a cap: the law of the Union names none."""
    law = profile("eu")
    assert (law.needs_consent, law.needs_way_out, law.tracking_consent) == (True, True, True)
    assert (law.label, law.ad_cap) == ("", None)
