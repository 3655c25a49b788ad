"""Work for people: calls, personal emails, visits. Who has to do what by when, and what came of it."""
