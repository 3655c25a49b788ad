"""A person we may write to: facts in one form, own fields, tags, the list, and what staff change by hand."""
