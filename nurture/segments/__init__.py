"""Named groups of leads by rule, and who was in them from when to when."""
