"""A lead's timeline, append only, what waits to be reacted to, and decisions with their reasons."""
