"""A database filled by the first release, brought to the present form."""
