"""A module that is imported when something of it is asked for."""

import subprocess
import sys

import pytest

from nurture.kernel.later import later

ASKED = """
import sys
from nurture.kernel.later import later
one = later("colorsys")
assert "colorsys" not in sys.modules
assert one.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
assert "colorsys" in sys.modules
"""


def test_a_module_is_imported_when_something_of_it_is_asked_for() -> None:
    """Naming it imports nothing."""
    done = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_what_a_module_lacks_is_missing_as_ever() -> None:
    """A slip of the pen ends as it would with the module itself."""
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        later("colorsys").nothing_of_the_kind  # noqa: B018 - asking is the deed


def test_a_module_that_is_missing_is_told_by_its_name() -> None:
    """The error is that of the import."""
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        later("nurture.no_such").thing  # noqa: B018
