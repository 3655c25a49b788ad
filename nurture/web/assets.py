"""Static files, gathered once at start: hashed names, compressed once, kept in memory and served for ever.

Bootstrap and its icons come out of the bootstrap-flask package, htmx out of django-js-lib-htmx. Reads files.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from flask import Response, request

ICONS = (
    "arrow-counterclockwise", "arrow-repeat", "arrow-right", "bell", "box-arrow-right", "building", "calendar-event",
    "chat-left-text", "check-circle", "check-lg", "chevron-down", "chevron-left", "chevron-right", "clock", "cursor",
    "envelope", "envelope-open", "exclamation-triangle", "fire", "funnel", "heart-pulse", "hourglass-split", "house",
    "inbox", "info-circle", "link-45deg", "pause-circle", "pencil", "people", "person", "person-plus",
    "play-circle", "plus-lg", "question-circle", "robot", "search", "send", "shield-check", "signpost-split",
    "slash-circle", "tag", "telephone", "thermometer-half", "thermometer-snow", "three-dots", "trophy",
    "x-lg",
)  # fmt: skip
CORE = ("dialog", "form", "keys", "live")  # own modules that every page loads, as one file

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_STATIC = files("nurture.web") / "static"
_SYMBOL = re.compile(r'<symbol[^>]*?viewBox="([^"]+)"[^>]*?id="([^"]+)"[^>]*>(.*?)</symbol>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file in memory."""

    name: str
    body: bytes
    packed: bytes
    type: str


def _icons() -> str:
    """One sprite of the icons in use; LookupError when the package has one of them no more."""
    sprite = (files("flask_bootstrap") / "static/bootstrap5/icons/bootstrap-icons.svg").read_text("utf-8")
    known = {name: (box, body) for box, name, body in _SYMBOL.findall(sprite)}
    missing = [name for name in ICONS if name not in known]
    if missing:
        raise LookupError(f"no such icons: {', '.join(missing)}")
    symbols = "".join(f'<symbol id="{n}" viewBox="{known[n][0]}">{known[n][1]}</symbol>' for n in ICONS)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>'


def _style() -> str:
    """Bootstrap and our own style in two layers, so that ours wins without shouting."""
    bootstrap = (files("flask_bootstrap") / "static/bootstrap5/css/bootstrap.min.css").read_text("utf-8")
    bootstrap = bootstrap.replace('@charset "UTF-8";', "").replace("/*# sourceMappingURL=bootstrap.min.css.map */", "")
    own = "\n".join(one.read_text("utf-8") for one in sorted(_STATIC.iterdir(), key=str) if one.name.endswith(".css"))
    return f"@layer bootstrap,nurture;\n@layer bootstrap{{{bootstrap}}}\n@layer nurture{{\n{own}\n}}"


def _sources() -> dict[str, str]:
    scripts = {one.name: one.read_text("utf-8") for one in _STATIC.iterdir() if one.name.endswith(".js")}
    core = "\n".join(f"{{\n{scripts.pop(name + '.js')}\n}}" for name in CORE)
    htmx = (files("js_lib_htmx") / "static/htmx/htmx.min.js").read_text("utf-8")
    mark = (_STATIC / "mark.svg").read_text("utf-8")
    return {"app.css": _style(), "core.js": core, "htmx.js": htmx, "icons.svg": _icons(), "mark.svg": mark, **scripts}


@cache
def assets() -> dict[str, Asset]:
    """Every static file by its plain name."""
    found = {}
    for plain, text in _sources().items():
        body = text.encode()
        stem, _, kind = plain.rpartition(".")
        name = f"{stem}.{hashlib.sha256(body).hexdigest()[:10]}.{kind}"
        packed = gzip.compress(body, 9, mtime=0)
        found[plain] = Asset(name, body, packed, _TYPES[kind] + "; charset=utf-8")
    return found


@cache
def _by_hashed_name() -> dict[str, Asset]:
    return {asset.name: asset for asset in assets().values()}


def path_of(plain: str) -> str:
    """The address of a static file, its hash in its name."""
    return f"/static/{assets()[plain].name}"


def serve(name: str) -> Response:
    """One static file: immutable, compressed where the client reads gzip; 404 for any other name."""
    asset = _by_hashed_name().get(name)
    if asset is None:
        return Response("not found", 404, content_type="text/plain; charset=utf-8")
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    answer = Response(asset.packed if packed else asset.body, content_type=asset.type)
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    answer.headers["Vary"] = "Accept-Encoding"
    return answer
