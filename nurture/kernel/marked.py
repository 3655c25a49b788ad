"""Marks texts for translation, for modules that sender processes load: nothing of the catalogs comes along."""


def N_(text: str) -> str:  # noqa: N802 - gettext's name for it
    """Marks a message id for translation where it is used later."""
    return text
