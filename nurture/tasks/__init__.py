"""Work for people: calls, personal emails, messages, visits; who should do it until when, and what came of it."""
