"""The collector of cycles rests while a block makes many values, and goes on afterwards."""

import gc

import pytest

from nurture.kernel.garbage import loading, unsearched


def test_it_rests_until_the_last_block_has_ended() -> None:
    """Blocks may overlap."""
    assert gc.isenabled()
    with unsearched():
        with unsearched():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_after_an_error() -> None:
    """As after any other end."""
    with pytest.raises(ValueError, match="no"), unsearched():
        raise ValueError("no")
    assert gc.isenabled()


def test_one_that_was_off_stays_off() -> None:
    """Somebody else has turned it off."""
    gc.disable()
    try:
        with unsearched():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_was_loaded_is_never_searched_again() -> None:
    """Collections go through what came after it."""
    made: list[object] = []
    with loading():
        assert not gc.isenabled()
        made.append([made])
    assert gc.isenabled()
    assert not any(one is made for one in gc.get_objects())
    gc.unfreeze()
