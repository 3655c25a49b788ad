"""The measurement of sending really sends."""

from nurture.bench.kinds import send
from nurture.bench.model import Size
from nurture.bench.place import place


def test_sending_is_measured_by_mails_that_were_accepted() -> None:
    """A hundred of about 23 KB, and some that are signed; the account is checked where it is measured."""
    with place() as here:
        plain, signed, memory = send.run(here, Size(0.0001))
    assert (plain.of[:9], signed.of[:8]) == ("100 mails", "60 mails")
    assert 20 < float(plain.of.split()[-2]) < 30
    assert plain.value > 0
    assert signed.value > 0
    assert plain.naive is not None
    assert {"parent", "sink"} < {one.name for one in plain.parts}
    assert 0 < memory.value < send.MEMORY_AIM
