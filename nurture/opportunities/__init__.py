"""Opportunities: when one opens by itself, who gets it, and what becomes of it."""
