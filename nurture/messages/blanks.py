"""Finds where a missing value would leave a hole that everybody sees: “Dear ,”. Pure."""

import re
from collections.abc import Iterator

from jinja2 import nodes

from nurture.kernel.errors import Problem
from nurture.kernel.i18n import N_

_WORD_BEFORE = re.compile(r"\w[ \t]+\Z")
_SIGN_AFTER = re.compile(r"[ \t]*[,!?:;]")


def blanks(tree: nodes.Template, file: str) -> Iterator[Problem]:
    """A finding for each field whose fallback is nothing, between a word and a comma."""
    for row in _rows(tree):
        for before, one, after in zip(row, row[1:], row[2:], strict=False):
            if not (isinstance(before, nodes.TemplateData) and isinstance(after, nodes.TemplateData)):
                continue
            if _may_be_empty(one) and _WORD_BEFORE.search(before.data) and _SIGN_AFTER.match(after.data):
                message = N_("When the value is missing, nothing stands before the “%(sign)s”")
                mend = N_('Give it a word: {{ lead.given_name or "bạn" }}, or use the filter greeting')
                sign = after.data.strip()[:1]
                yield Problem("blank", message, mend, file, one.lineno, params=(("sign", sign),))


def _rows(tree: nodes.Template) -> Iterator[list[nodes.Node]]:
    """What is written one behind the other: texts, expressions, conditions."""
    for node in (tree, *tree.find_all((nodes.If, nodes.For))):
        for body in (getattr(node, "body", []), getattr(node, "else_", [])):
            yield [one for part in body for one in (part.nodes if isinstance(part, nodes.Output) else (part,))]


def _may_be_empty(node: nodes.Node) -> bool:
    """Whether it writes nothing where a value is missing, because its author said so."""
    if isinstance(node, nodes.Or):
        return _is_nothing(node.right)
    if isinstance(node, nodes.CondExpr):
        return node.expr2 is None or _is_nothing(node.expr2)
    if isinstance(node, nodes.Filter):
        if node.name in {"default", "d"}:
            return not node.args or _is_nothing(node.args[0])
        return node.node is not None and _may_be_empty(node.node)
    return isinstance(node, nodes.If) and not node.else_ and not node.elif_


def _is_nothing(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and not str(node.value).strip()
