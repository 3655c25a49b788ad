"""How leads come in: files of many kinds, read whole, understood, and folded in part by part."""
