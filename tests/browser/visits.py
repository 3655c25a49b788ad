"""One good example of every GET route; `visits_<area>.py` files define VISITS, endpoint to path."""

import importlib
import pkgutil
from collections.abc import Callable

import tests.browser
from tests.web.filled import Filled

Visit = Callable[[Filled], str]
# Not pages: a file, a probe, a redirect, an email as its reader sees it.
OTHER = {"static", "healthz", "readyz", "metrics", "today.first", "emails.preview", "mailbox.html", "files.show"}
# Pages seen without an account.
WITHOUT_ACCOUNT = {"account.login", "account.invite", "account.reset", "public.leave", "agree.show"}


def all_visits() -> dict[str, Visit]:
    """Every area's examples; an endpoint may have several, told apart by a word after `#`."""
    found: dict[str, Visit] = {}
    for module in pkgutil.iter_modules(tests.browser.__path__):
        if module.name.startswith("visits_"):
            found |= importlib.import_module(f"tests.browser.{module.name}").VISITS
    return found
