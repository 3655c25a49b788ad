"""Score and temperature: a ledger on two axes, engagement and fit, and the band in which engagement lies."""
