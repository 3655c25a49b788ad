"""Shared ground of every stage: clock, settings, database, signing, errors, words. It knows no stage."""
