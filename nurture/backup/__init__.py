"""Copies of an installation: from one database into another, into a file, and back out of it."""
