"""Return paths: what we signed names its message, all else names none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.kernel.signing import Key, KeyRing, rotated
from nurture.messages.verp import LONGEST_BASE, read, return_path

# Made once for all: the ids of tests must not differ from run to run.
RING = KeyRing((Key(b"ring", b"k" * 32),), b"s" * 32, b"here")
OTHER = KeyRing((Key(b"othr", b"o" * 32),), b"t" * 32, b"also")
BOUNCES = "bounces@anphat.example"
PATH = return_path(RING, BOUNCES, 4711)


@given(st.integers(0, 2**64 - 1))
def test_a_return_path_names_its_message(message_id: int) -> None:
    """Any id comes back."""
    assert read(RING, return_path(RING, BOUNCES, message_id)) == message_id


def test_it_is_an_address_that_every_relay_takes() -> None:
    """Plain letters and digits, the local part within 64, even behind the longest base."""
    local, _, domain = return_path(RING, "b" * LONGEST_BASE + "@anphat.example", 2**63).partition("@")
    assert (len(local), domain) == (64, "anphat.example")
    assert local.replace("+", "").isalnum()
    assert local == local.lower()


@pytest.mark.parametrize("address", ["b" * (LONGEST_BASE + 1) + "@x.example", "@x.example", "x.example"])
def test_a_base_that_leaves_no_room_is_refused(address: str) -> None:
    """Rather than cut."""
    with pytest.raises(ValueError, match="bounce address"):
        return_path(RING, address, 1)


@pytest.mark.parametrize(
    "seen",
    [
        PATH.upper(),
        PATH.title(),
        f"<{PATH}>",
        f" {PATH}\n",
        "prvs=0123456789=" + PATH,
        "SRS0=HHHH=TT=anphat.example=" + PATH.partition("@")[0] + "@forward.example",
        PATH.replace("+", "=", 1),
        PATH.replace("anphat", "elsewhere"),
    ],
)
def test_what_the_way_did_to_it_does_not_matter(seen: str) -> None:
    """Relays change case, filters put their tags in front, forwarders their domain behind."""
    assert read(RING, seen) == 4711


@given(st.integers(0, 31), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_character_names_nothing(place: int, other: str) -> None:
    """Each of the 32 counts."""
    at = PATH.index("+") + 1 + place
    forged = PATH[:at] + other + PATH[at + 1 :]
    assert read(RING, forged) == (4711 if forged == PATH else None)


TOKEN = PATH.partition("+")[2].partition("@")[0]


@pytest.mark.parametrize(
    "seen",
    [
        "",
        "@",
        BOUNCES,
        "bounces+@anphat.example",
        f"bounces+{TOKEN[:-1]}@anphat.example",
        f"bounces+{TOKEN[:24]}@anphat.example",
        f"bounces+{TOKEN}a@anphat.example",
        f"bounces+{TOKEN[:-1]}1@anphat.example",
        f"bounces+{TOKEN[:-1]}đ@anphat.example",
        f"bounces+{TOKEN}",
        f"bounces+{TOKEN}@a@b",
        f"bounces+{'a' * 32}@anphat.example",
        return_path(OTHER, BOUNCES, 4711),
        return_path(KeyRing(RING.keys, RING.suppression, b"none"), BOUNCES, 4711),
        "+" * 100_000,
    ],
    ids=lambda seen: ascii(seen[:50]),
)
def test_any_other_address_names_nothing(seen: str) -> None:
    """Cut off, prolonged, unsigned, of another installation, or no address at all."""
    assert read(RING, seen) is None


def test_a_token_of_another_kind_names_nothing() -> None:
    """What is sealed for one use does not hold in another."""
    payload = (4711).to_bytes(8, "big")
    assert not RING.is_sealed(b"u", payload, RING.seal(b"v", payload, 12))
    assert not RING.is_sealed(b"v", payload, RING.seal(b"v", payload, 12)[:4])


def test_an_old_path_is_read_after_rotation() -> None:
    """The first key signs, all verify."""
    newer = rotated(RING)
    assert read(newer, PATH) == 4711
    assert return_path(newer, BOUNCES, 4711) != PATH
    assert read(RING, return_path(newer, BOUNCES, 4711)) is None
