"""Static files: hashed, compressed once, kept for ever, small."""

import gzip

from flask import Flask

from nurture.web.assets import CORE, assets, path_of


def test_a_static_file_is_immutable_and_compressed(app: Flask) -> None:
    """Its name changes with its content."""
    answer = app.test_client().get(path_of("app.css"), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == assets()["app.css"].body
    plain = app.test_client().get(path_of("app.css"))
    assert plain.data == assets()["app.css"].body


def test_no_other_file_is_served(app: Flask) -> None:
    """Neither plain names nor paths out of the folder."""
    for name in ("app.css", "../app.py", "%2e%2e/app.py", "icons.0000000000.svg"):
        assert app.test_client().get(f"/static/{name}").status_code == 404


def test_the_first_visit_is_small() -> None:
    """All files of a page under 90 KB compressed; our own style under 12, our own script under 25."""
    packed = {name: len(asset.packed) for name, asset in assets().items()}
    first = sum(packed[name] for name in ("app.css", "core.js", "htmx.js", "icons.svg", "mark.svg"))
    assert first < 80_000
    own = assets()["app.css"].body.split(b"@layer nurture{", 1)[1]
    assert len(gzip.compress(own, 9)) < 12_000
    scripts = sum(size for name, size in packed.items() if name.endswith(".js") and name != "htmx.js")
    assert scripts < 25_000
    assert packed["core.js"] < 4_000 * len(CORE)
