"""The Jinja that emails may use: fields, conditions, loops over what is given, a few filters. Nothing else.

Values are plain data and never templates. There are no method calls, no concatenation, no macros, no includes (parts
were flattened before), so that a template can neither reach into Python nor grow without bounds. Imported by sender
processes: standard library and jinja2 only.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar

from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes, pass_context, pass_eval_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.filters import FILTERS
from jinja2.nodes import EvalContext
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

LONGEST_RANGE = 1_000
DEEPEST_LOOP = 2
DEEPEST = 40  # parts of an expression within each other; Python takes ever longer to compile more, and then gives up
MOST_TURNS = 20_000  # of all loops of one part
MOST_WORK = 2_000_000  # parts of expressions that its loops evaluate, and characters its filters read
TURNS = "_turns"  # the name under which a part's turns and work are counted: see `allowance`
MOST_NODES = 20_000  # parts of all expressions of a template
FINEST = 15  # decimals
LONGEST_TEXT = 100_000

_FILTERS = (
    "abs", "capitalize", "count", "d", "default", "e", "escape", "first", "float", "int", "join", "last", "length",
    "lower", "round", "striptags", "title", "trim", "truncate", "upper", "urlencode",
)  # fmt: skip
_HOME_NUMBER = re.compile(r"\+84(\d{3})(\d{3})(\d{3})")
_CSS_WORD = re.compile(r"[\w #%.,-]{1,60}")
_TESTS = (
    "defined",
    "undefined",
    "none",
    "number",
    "string",
    "odd",
    "even",
    "divisibleby",
    "in",
    "eq",
    "ne",
    "lt",
    "gt",
)
_LOOP = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0"})
# Groups whose keys are all there, so that an absent one is a misspelling; custom fields and staff values come and go.
_CLOSED = frozenset({"lead", "owner", "company", "house"})
_REFUSED = {
    nodes.Macro: "macro", nodes.CallBlock: "call", nodes.FilterBlock: "filter", nodes.AssignBlock: "set … endset",
    nodes.Include: "include", nodes.Import: "import", nodes.FromImport: "from", nodes.Extends: "extends",
    nodes.Block: "block", nodes.Concat: "~", nodes.With: "with", nodes.NSRef: "namespace",
    nodes.ScopedEvalContextModifier: "autoescape",
}  # fmt: skip


class MissingField(Exception):  # noqa: N818 - a finding about the lead, not an error of ours
    """A field without value and without fallback was to be written. `field` is its path: `lead.company`."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class TemplateFailure(Exception):  # noqa: N818 - named for what failed
    """The template cannot be rendered for anybody: unknown field, forbidden construct, too much output."""


def allowance() -> list[int]:
    """What one part may still do: turns of loops, and work."""
    return [MOST_TURNS, MOST_WORK]


def _charge(context: Context, work: int) -> None:
    """Take work off what the part has left. Where nothing is counted (constants, at compile time) it is not asked."""
    left = context.get(TURNS)
    if left is not None:
        left[1] -= work
        if left[1] < 0:
            raise TemplateFailure("the template takes too much work")


class Missing(Undefined):
    """A known field without a value: false, empty, replaced by `default`; writing it raises MissingField."""

    __slots__ = ()

    def refusal(self) -> MissingField:
        """What is raised when its value is needed."""
        return MissingField(self._undefined_name or "")

    def _needed(self, *_: Any) -> Any:
        raise self.refusal()

    # Undefined binds its refusal to each of these, so each is bound again.
    __str__ = __int__ = __float__ = __complex__ = _needed
    __lt__ = __le__ = __gt__ = __ge__ = __neg__ = __pos__ = _needed
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _needed
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __pow__ = __rpow__ = _needed

    def __iter__(self) -> Any:
        return iter(())


class Record:
    """A named group of plain values. Templates read it by key; it has no methods they could call."""

    __slots__ = ("data", "is_open", "path")

    def __init__(self, path: str, data: Mapping[str, Any], *, is_open: bool = False) -> None:
        self.path = path
        self.data = data
        self.is_open = is_open  # an absent key is a missing value, not an unknown field

    def read(self, key: str) -> Any:
        """The value as templates see it."""
        path = f"{self.path}.{key}" if self.path else key
        try:
            value = self.data[key]
        except KeyError:
            if self.is_open:
                return Missing(name=path)
            raise TemplateFailure(f"there is no field {path}") from None
        return value if type(value) is str and value else wrapped(value, path)

    def __str__(self) -> str:
        raise TemplateFailure(f"{self.path} is not text; name one of its fields")


def wrapped(value: Any, path: str) -> Any:
    """A plain value as templates see it: None and empty text are missing, mappings are records."""
    if value is None or value == "":
        return Missing(name=path)
    if isinstance(value, Mapping):
        root = path.partition(".")[0]
        return Record(path, value, is_open=path.endswith(".fields") or root not in _CLOSED)
    if isinstance(value, (list, tuple)):
        return [wrapped(item, f"{path}[{number}]") for number, item in enumerate(value)]
    return value


class _Generator(CodeGenerator):
    """Jinja's, but that what needs no escaping stays the text it is: making `Markup` of it costs as much again."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.escaped(")
        else:
            super()._output_child_pre(node, frame, finalize)


class MailEnvironment(ImmutableSandboxedEnvironment):
    """Jinja with only what emails need."""

    code_generator_class = _Generator
    intercepted_binops: ClassVar[frozenset[str]] = frozenset({"+", "*", "**", "%"})  # type: ignore[misc]

    def __init__(self, language: str, *, html: bool) -> None:
        super().__init__(autoescape=html, undefined=StrictUndefined)
        self.filters = {name: FILTERS[name] for name in _FILTERS} | {"greeting": greeting_in(language), "phone": phone}
        self.filters["day"] = day_in(language)
        self.filters |= {"join": _short_join, "round": _short_round, "css_word": css_word}
        self.filters = {name: _metered(one) for name, one in self.filters.items()} | {TURNS: _counted}
        self.tests = {name: self.tests[name] for name in _TESTS}
        self.globals = dict(GLOBALS)

    @staticmethod
    def escaped(value: Any) -> str:
        """A value as HTML shows it."""
        if type(value) is str and not ("&" in value or "<" in value or ">" in value or '"' in value or "'" in value):
            return value
        return escape(value)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """`lead.name`: a record's field or what a loop tells; nothing else has attributes."""
        if type(obj) is Record:
            value = obj.data.get(attribute)
            return value if type(value) is str and value else obj.read(attribute)
        if isinstance(obj, Missing):
            raise obj.refusal()
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        raise TemplateFailure(f"a template may not read “{attribute}” here")

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`lead["name"]` and `list[0]`."""
        if type(obj) is Record and isinstance(argument, str):
            return obj.read(argument)
        if isinstance(obj, list) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        if isinstance(obj, Missing):
            raise obj.refusal()
        raise TemplateFailure(f"a template may not read [{argument!r}] here")

    def is_safe_callable(self, obj: Any) -> bool:
        """Only what we put there ourselves."""
        return obj is _short_range or getattr(obj, "of_nurture", False) is True

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic on numbers; `+` on short texts too."""
        numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            if len(left) + len(right) > LONGEST_TEXT:
                raise TemplateFailure("too long a text")
            _charge(context, len(left) + len(right))
            return left + right
        if not numbers or operator == "**" or max(abs(left), abs(right)) > 1e15:
            for side in (left, right):
                if isinstance(side, Missing):
                    raise side.refusal()
            raise TemplateFailure(f"“{operator}” works on numbers only")
        return super().call_binop(context, operator, left, right)


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > LONGEST_RANGE:
        raise TemplateFailure(f"range of {len(numbers)}; {LONGEST_RANGE} are allowed")
    return numbers


def _metered(one: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that takes what it reads off the work its part has left."""
    wanted = getattr(one, "jinja_pass_arg", None)

    @pass_context
    def metered(context: Context, value: Any, *args: Any, **named: Any) -> Any:
        _charge(context, len(value) if isinstance(value, (str, list)) else 1)
        if wanted is None:
            return one(value, *args, **named)
        handed: dict[str, Any] = {"context": context, "eval_context": context.eval_ctx}
        return one(handed.get(wanted.name, context.environment), value, *args, **named)

    return metered


@pass_context
def _counted(context: Context, items: Any, weight: int = 1) -> list[Any]:
    """What a loop goes over, its turns and the work of its body taken off what this part has left."""
    found = list(items)
    left: list[int] = context[TURNS]
    left[0] -= len(found) + 1
    _charge(context, len(found) * weight)
    if left[0] < 0:
        raise TemplateFailure(f"the loops turn more than {MOST_TURNS} times")
    return found


@pass_eval_context
def _short_join(eval_ctx: EvalContext, value: Any, d: str = "", attribute: str | int | None = None) -> Any:
    """Jinja's `join`, for what stays a text of bounded length."""
    items = list(value)
    if attribute is None and sum(len(str(item)) + len(str(d)) for item in items) > LONGEST_TEXT:
        raise TemplateFailure("too long a text")
    return FILTERS["join"](eval_ctx, items, d, attribute)


def _short_round(value: float, precision: Any = 0, method: str = "common") -> Any:
    """Jinja's `round`, to a number of decimals that a number has."""
    if not isinstance(precision, int) or abs(precision) > FINEST:
        raise TemplateFailure(f"“round” takes at most {FINEST} decimals")
    return FILTERS["round"](value, precision, method)


# What templates may call.
GLOBALS: dict[str, Any] = {"range": _short_range}


def greeting_in(language: str) -> Callable[[Any], str]:
    """The filter `greeting`: “Chào anh Minh”, “Chào anh/chị” where not known; “Hello Minh”, “Hello”."""

    def greeting(person: Any) -> str:
        if type(person) is not Record:
            raise TemplateFailure("greeting works on lead or owner")
        given = str(person.data.get("given_name") or "").strip()
        if language != "vi":
            return f"Hello {given}" if given else "Hello"
        title = str(person.data.get("honorific") or "").strip() or "anh/chị"
        return f"Chào {title} {given}" if given else f"Chào {title}"

    return greeting


_WEEKDAYS = {
    "vi": ("Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy", "Chủ Nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def day_in(language: str) -> Callable[[Any], str]:
    """The filter `day`: a stored date as it is read, `Thứ Ba, 24/11/2026`; any other text stays as it is."""

    def day(value: Any) -> str:
        try:
            one = date.fromisoformat(str(value))
        except ValueError:
            return str(value)
        weekday = _WEEKDAYS["vi" if language == "vi" else "en"][one.weekday()]
        if language == "vi":
            return f"{weekday}, {one:%d/%m/%Y}"
        return f"{weekday}, {one.day} {_MONTHS[one.month - 1]} {one.year}"

    return day


def css_word(value: Any) -> str:
    """The filter `css_word`: a word, number or color as it may stand in a style; anything else ends the rendering."""
    text = str(value)
    if not _CSS_WORD.fullmatch(text):
        raise TemplateFailure(f"this cannot stand in a style: {text[:40]}")
    return text


def phone(number: Any) -> str:
    """The filter `phone`: a stored number as it is read aloud at home, `0901 234 567`; others stay as they are."""
    text = str(number)
    found = _HOME_NUMBER.fullmatch(text)
    return " ".join((f"0{found[1]}", found[2], found[3])) if found else text


def parsed(environment: MailEnvironment, source: str) -> nodes.Template:
    """The template's tree; TemplateSyntaxError (with its line) for what is wrong or not allowed."""
    try:
        tree = environment.parse(source)
    except RecursionError as error:
        raise TemplateSyntaxError("this is nested too deep", 1) from error
    every = _nodes(tree)
    for node in every:
        word = _refusal(node, environment)
        if word:
            raise TemplateSyntaxError(word, node.lineno)
    loops = [node for node in every if isinstance(node, nodes.For)]
    if loops:
        _check_loops(tree, 0)
    for loop in loops:
        weight = nodes.Const(sum(1 for one in loop.body for _ in one.find_all(nodes.Node)) + len(loop.body))
        loop.iter = nodes.Filter(loop.iter, TURNS, [weight], [], None, None, lineno=loop.lineno)
    tree.set_environment(environment)
    return tree


def _nodes(tree: nodes.Template) -> list[nodes.Node]:
    """Every node, step by step and not by recursion: a chain of additions or filters is as deep as it is long."""
    found: list[nodes.Node] = []
    level: list[nodes.Node] = [tree]
    for _ in range(DEEPEST):
        level = [child for node in level for child in node.iter_child_nodes()]
        found += level
        if len(found) > MOST_NODES:
            raise TemplateSyntaxError("this is too long", level[-1].lineno)
    if level:
        raise TemplateSyntaxError("this is nested too deep", level[0].lineno)
    return found


def _refusal(node: nodes.Node, environment: MailEnvironment) -> str:
    """Why this node cannot stand in an email; nothing when it can."""
    word = _REFUSED.get(type(node))
    if word is not None:
        return f"“{word}” cannot be used in emails"
    if isinstance(node, nodes.Call):
        ours = isinstance(node.node, nodes.Name) and node.node.name in {"range", "_link"}
        return "" if ours else "calls cannot be used in emails"
    if isinstance(node, (nodes.Filter, nodes.Test)):
        known = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        return "" if node.name in known else f"there is no “{node.name}” in emails"
    if isinstance(node, nodes.Name) and node.ctx != "load" and node.name.startswith("_"):
        return f"a name of a template's own does not begin with _: {node.name}"
    return ""


def _check_loops(node: nodes.Node, depth: int) -> None:
    for child in node.iter_child_nodes():
        if isinstance(child, nodes.For):
            if depth >= DEEPEST_LOOP or child.recursive:
                raise TemplateSyntaxError("loops stand too deep in each other", child.lineno)
            _check_loops(child, depth + 1)
        else:
            _check_loops(child, depth)
