"""The profile `none`."""

from nurture.policy.laws import profile


def test_nothing_is_asked_for() -> None:
    """The engine's own rules stay; they are no law."""
    law = profile("none")
    assert not any((law.needs_address, law.needs_way_out, law.label, law.ad_cap, law.sms_hours))
