"""Texts of messages to leads: the templates of emails without HTML, one for each language. Pure.

Values are plain data and never templates, whatever a lead is called.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import Template, TemplateError, TemplateSyntaxError, nodes

from nurture.kernel.sandbox import (
    GLOBALS,
    TURNS,
    MailEnvironment,
    MissingField,
    TemplateFailure,
    allowance,
    parsed,
    wrapped,
)
from nurture.outbound.parts import Size, measure, tidy

LONGEST = 1000  # letters of a template
_LARGEST = 4000  # letters of what it renders to
_PLACE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
# What a text may name. Custom fields come and go, so `lead.fields.*` is not looked at.
_PERSON = frozenset({"name", "given_name", "honorific", "email", "phone", "phone_shown"})
FIELDS: Mapping[str, frozenset[str]] = {
    "lead": _PERSON | {"company", "city", "public_id", "fields"},
    "owner": _PERSON,
    "company": frozenset({"name", "domain", "size"}),
    "house": frozenset({"name", "address", "email"}),
}

__all__ = ["FIELDS", "LONGEST", "MissingField", "TemplateFailure", "check", "least", "render"]


@lru_cache(maxsize=256)
def _template(language: str, source: str) -> Template:
    environment = MailEnvironment(language, html=False)
    return environment.from_string(parsed(environment, source))


def check(language: str, source: str) -> str:
    """What is wrong with a template, in words of its own; nothing when it can be used."""
    environment = MailEnvironment(language, html=False)
    try:
        tree = parsed(environment, source)
    except TemplateSyntaxError as error:
        return str(error.message)
    own = {one.name for one in tree.find_all(nodes.Name) if one.ctx != "load"}
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name not in FIELDS and name.name not in own and name.name not in GLOBALS:
            return f"there is no field {name.name}"
    for read in tree.find_all(nodes.Getattr):
        if isinstance(read.node, nodes.Name) and read.node.name in FIELDS and read.attr not in FIELDS[read.node.name]:
            return f"there is no field {read.node.name}.{read.attr}"
    return ""


def least(source: str) -> Size:
    """The size of a template's own words, without what the fields will add."""
    return measure(tidy(_PLACE.sub("", source)))


def render(language: str, source: str, values: Mapping[str, Any]) -> str:
    """The text for these values. MissingField: the lead lacks something; TemplateFailure: nobody can get it."""
    names: dict[str, Any] = {name: wrapped(value, name) for name, value in values.items()}
    names |= {**GLOBALS, TURNS: allowance()}
    parts: list[str] = []
    room = _LARGEST
    try:
        template = _template(language, source)
        for chunk in template.root_render_func(template.new_context(names, shared=True)):
            room -= len(chunk)
            if room < 0:
                raise TemplateFailure(f"the text grows over {_LARGEST} letters")
            parts.append(chunk)
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AssertionError,
            RecursionError, SyntaxError) as error:  # fmt: skip
        raise TemplateFailure(str(error)) from error
    return tidy("".join(parts))
