"""Zones by name, whatever somebody writes."""

import pytest

from nurture.kernel.zones import zone_named


def test_a_zone_has_its_name() -> None:
    """As the zone data has it."""
    zone = zone_named("Asia/Ho_Chi_Minh")
    assert zone is not None
    assert zone.key == "Asia/Ho_Chi_Minh"


@pytest.mark.parametrize("name", ["", "Hanoi", "../../etc/passwd", "/etc/localtime", "Asia", "a\0b", "x" * 5000])
def test_what_names_no_zone_gives_none(name: str) -> None:
    """Folders, paths, and what no file can be called included."""
    assert zone_named(name) is None
