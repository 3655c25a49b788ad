"""A campaign run ahead of time on the real engine: a copy of the database, a clock of its own, and nothing is sent."""
