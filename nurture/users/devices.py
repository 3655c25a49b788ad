"""A browser as a person would name it: `Chrome, Windows`. Only names of ours come out, never the header's."""

# The first that is found wins: most browsers also carry the names of those they want to pass for.
_BROWSERS = (
    ("Zalo", "Zalo"),
    ("FBAN/", "Facebook"),
    ("FBAV/", "Facebook"),
    ("coc_coc_browser/", "Cốc Cốc"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_LONGEST = 1_000


def device(agent: str) -> str:
    """Browser and system of a User-Agent header, as far as they are known; empty when neither is."""
    agent = agent[:_LONGEST]
    found = (next((name for sign, name in table if sign in agent), "") for table in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in found if name)
