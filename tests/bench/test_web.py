"""The measurement of pages asks a real server for every page; how long it took is nobody's business here."""

import pytest

from nurture.bench.kinds import web
from nurture.bench.model import Size
from nurture.bench.place import place


@pytest.mark.long
def test_a_small_measurement_gets_every_page_of_a_real_server() -> None:
    """A page that is not answered by 200 ends the measurement."""
    with place() as here:
        figures = web.run(here, Size(0.0005))
    assert [one.what for one in figures] == ["web.list", "web.lead", "web.other"]
    assert all(one.value > 0 for one in figures)
    assert any("/sends" in name for name in figures[0].notes)
