"""The condition language: read, evaluated on one lead or as SQL on all, described in a sentence."""
