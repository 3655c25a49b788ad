"""Every text of the web app that needs a translation, out of templates and Python."""

import ast
from collections.abc import Iterator
from pathlib import Path

from jinja2 import nodes
from jinja2.environment import Environment
from jinja2.ext import babel_extract

WEB = Path(__file__).parents[2] / "nurture" / "web"
_MARKS = {"N_", "say", "_", "translate"}


def in_templates(folder: Path = WEB / "templates") -> Iterator[tuple[str, str]]:
    """(place, message id) of every template."""
    for path in sorted(folder.rglob("*.html")):
        with path.open("rb") as file:
            found = babel_extract(file, ["_", "gettext", "ngettext"], [], {"silent": "false", "trimmed": "true"})
            for line, _, message, _ in found:
                for one in message if isinstance(message, tuple) else (message,):
                    if one:
                        yield f"{path.name}:{line}", one


def in_python(folders: tuple[Path, ...] = (WEB,)) -> Iterator[tuple[str, str]]:
    """(place, message id) of every text marked in Python."""
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                first = node.args[0]
                if name in _MARKS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield f"{path.name}:{node.lineno}", first.value


def bare_texts(folder: Path = WEB / "templates") -> Iterator[tuple[str, str]]:
    """(place, text) of words that stand in a template without being marked for translation."""
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in sorted(folder.rglob("*.html")):
        for node in environment.parse(path.read_text("utf-8")).find_all(nodes.TemplateData):
            yield f"{path.name}:{node.lineno}", node.data
