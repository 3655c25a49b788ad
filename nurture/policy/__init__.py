"""Whether a mail may go now: sending windows, caps, and what the law asks of it."""
