"""Unit tests of messages."""
