"""A letter as text for the pipe is what its plain data would be."""

import json

from hypothesis import given
from hypothesis import strategies as st

from nurture.delivery.letter import Letter
from nurture.delivery.packing import Common, Document, frame_of, text_of
from tests.unit.delivery.test_letter import LETTER

_VALUES = st.dictionaries(st.text(), st.none() | st.integers() | st.text(), max_size=4)


def _letter(values: object) -> Letter:
    return Letter.unpacked([*LETTER.packed()[:14], values, '[Thử] "a"\\', "c1:care:x"])


@given(_VALUES, st.text())
def test_a_letter_packed_as_text_is_the_same(values: dict[str, object], name: str) -> None:
    """Whatever stands in it: quotes, line breaks, letters of any script."""
    letters = [_letter({"lead": {**values, "name": name}}), _letter(Document({"lead": values}))]
    frame = json.loads(frame_of(letters, 600.0))
    assert (frame["kind"], frame["seconds"]) == ("letters", 600.0)
    assert frame["letters"] == json.loads(json.dumps([one.packed() for one in letters]))


@given(st.lists(_VALUES, max_size=3), _VALUES)
def test_what_letters_share_is_put_into_words_once(leads: list[dict[str, object]], house: dict[str, object]) -> None:
    """And each has all of its own."""
    common = Common()
    for lead in leads:
        one = common.document("lead", {"lead": lead, "house": house}, "same")
        assert json.loads(text_of(one)) == {"lead": lead, "house": house} == one
