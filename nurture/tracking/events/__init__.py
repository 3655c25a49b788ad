"""Tracked events, one file each; the file's name is the kind of its hits. What a file gives: `tracking/event.py`."""
