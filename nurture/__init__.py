"""nurture: a marketing-automation email and nurture engine."""
