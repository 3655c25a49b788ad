"""The profile `us`."""

from nurture.policy.laws import profile


def test_an_address_and_a_way_out_are_asked_for_and_no_consent() -> None:
    """CAN-SPAM lets advertising go until the reader says no."""
    law = profile("us")
    assert (law.needs_consent, law.needs_address, law.needs_way_out) == (False, True, True)
