"""What names a segment, wherever in a definition it does."""

from nurture.engine.uses import segments_in


def test_a_segment_is_found_wherever_it_is_named() -> None:
    """In the entry, in conditions, in steps; names of other things are not taken for segments."""
    definition = {
        "key": "welcome",
        "entry": {"segment": "new_leads", "existing": "skip"},
        "exit_when": {"any": [{"segment": ["a", "b"]}, {"tag": "c"}]},
        "steps": [
            {"id": "one", "add_to_segment": "d"},
            {"id": "two", "branch": {"when": {"segment": {"has_all": ["e"]}}, "then": []}},
            {"id": "three", "send_email": "f"},
        ],
    }
    assert segments_in(definition) == {"new_leads", "a", "b", "d", "e"}


def test_nothing_names_nothing() -> None:
    """An empty definition, and one that is no mapping."""
    assert segments_in({}) == segments_in(None) == frozenset()
