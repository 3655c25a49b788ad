"""Staff: accounts, roles, sessions, working hours, and the audit of what they do."""
