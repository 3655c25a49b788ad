"""One lead's way through one revision of a campaign: entry, advance, end. Decisions in values, acts in the engine."""
