"""Reading the steps of a campaign and joining them into a flow. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nurture.campaigns.model import Step
from nurture.campaigns.reading import Reading
from nurture.campaigns.steps import kinds, place_of, targets_of, waits, ways_of
from nurture.kernel.i18n import N_
from nurture.kernel.text import to_key

MOST = 200
DEEPEST = 8


@dataclass(slots=True)
class _Node:
    """A step as read, before it knows what follows."""

    id: str
    kind: str
    config: Any
    ways: dict[str, list["_Node"]]
    place: str


@dataclass(slots=True)
class Flow:
    """Reads nested steps; `seen` gives the path of each id."""

    reading: Reading
    seen: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def read(self, data: Any, path: str = "steps") -> tuple[dict[str, Step], str]:
        """Every step by its id in the order of the file, and the id of the first."""
        nodes = self._list(data, path, 0)
        if not nodes and not self.reading.problems:
            self.reading.wrong("no_steps", path, N_("A campaign needs at least one step"))
        steps: dict[str, Step] = {}
        _link(nodes, None, 0, "", steps)
        places: dict[str, str] = {}
        _places(nodes, places)
        self._jumps(steps, places)
        return steps, nodes[0].id if nodes else ""

    def _jumps(self, steps: Mapping[str, Step], places: Mapping[str, str]) -> None:
        """Every jump leads to a step that there is, and never round and round at one instant."""
        for step in steps.values():
            for target in step.jumps.values():
                if target not in steps:
                    place = f"{places[step.id]}.to"
                    self.reading.unknown("unknown_target", place, N_("No step has the id “%(word)s”"), target, steps)
                elif _runs_hot(steps, target, step.id):
                    self.reading.wrong(
                        "loop_without_wait",
                        places[step.id],
                        N_("From “%(target)s” leads come back here without waiting anywhere"),
                        N_("put a wait between the two"),
                        target=target,
                    )

    def _list(self, data: Any, path: str, depth: int) -> list[_Node]:
        if not isinstance(data, list):
            self.reading.wrong("not_a_list", path, N_("A list of steps belongs here, each after a dash"))
            return []
        if depth > DEEPEST and data:
            self.reading.wrong("too_deep", path, N_("Branches are nested at most %(limit)s deep"), limit=DEEPEST)
            return []
        nodes = [node for i, one in enumerate(data) if (node := self._step(one, f"{path}[{i}]", depth))]
        for i, node in enumerate(nodes[:-1]):
            if node.kind == "exit":
                place = f"{path}[{i + 1}]"
                self.reading.wrong(
                    "unreachable",
                    place,
                    N_("Nobody comes here: “%(step)s” ends the campaign"),
                    "",
                    "warning",
                    step=node.id,
                )
        return nodes

    def _step(self, data: Any, path: str, depth: int) -> _Node | None:
        self.count += 1
        if self.count > MOST:
            if self.count == MOST + 1:
                self.reading.wrong("too_many_steps", path, N_("A campaign has at most %(limit)s steps"), limit=MOST)
            return None
        if not isinstance(data, Mapping):
            self.reading.wrong("not_a_step", path, N_("A step belongs here"), N_("such as: {id: hello, wait: 2 days}"))
            return None
        kind = self._kind(data, path)
        step_id = self._id(data, path, kind)
        if kind is None:
            return None
        value, place = data[kind], f"{path}.{kind}"
        config = kinds()[kind].read(self.reading, value, place)
        ways = {
            way: self._list(steps, f"{place}.{place_of(kind, way)}", depth + 1)
            for way, steps in ways_of(kind, value).items()
        }
        return _Node(step_id or path, kind, config, ways, place)

    def _kind(self, data: Mapping[str, Any], path: str) -> str | None:
        known = kinds()
        words = [key for key in data if key != "id"]
        unknown = [word for word in words if word not in known]
        for word in unknown:
            self.reading.unknown("unknown_step", f"{path}.{word}", N_("There is no step “%(word)s”"), word, known)
        if len(words) == 1:
            return None if unknown else words[0]
        if not words:
            mend = N_("one of: %(known)s")
            self.reading.wrong("empty_step", path, N_("The step does nothing"), mend, known=", ".join(known))
        elif not unknown:
            shown = ", ".join(words)
            self.reading.wrong("two_kinds", path, N_("One step does one thing, and this does: %(words)s"), words=shown)
        return None

    def _id(self, data: Mapping[str, Any], path: str, kind: str | None) -> str:
        if data.get("id") is None:
            mend = N_("write such as: id: %(example)s")
            example = self._free(kind or "step", data.get(kind) if kind else None)
            self.reading.wrong("missing_id", path, N_("The step has no id"), mend, example=example)
            return ""
        step_id = self.reading.key(data["id"], f"{path}.id")
        if step_id in self.seen:
            line, _ = self.reading.source.place(self.seen[step_id])
            message = N_("The id “%(word)s” was given to the step on line %(line)s")
            self.reading.wrong("double_id", f"{path}.id", message, N_("give each its own"), word=step_id, line=line)
            return ""
        if step_id:
            self.seen[step_id] = path
        return step_id

    def _free(self, kind: str, value: Any) -> str:
        """An id nobody has yet."""
        start = to_key(value)[:60] if isinstance(value, str) and to_key(value) else kind
        start = f"{kind}_{start}" if start[0].isdigit() else start
        number, found = 1, start
        while found in self.seen:
            number, found = number + 1, f"{start}_{number + 1}"
        return found


def _link(nodes: list[_Node], end: str | None, depth: int, way: str, steps: dict[str, Step]) -> None:
    for i, node in enumerate(nodes):
        following = nodes[i + 1].id if i + 1 < len(nodes) else end
        firsts = {name: within[0].id if within else following for name, within in node.ways.items()}
        jumps = targets_of(node.kind, node.config)
        steps[node.id] = Step(node.id, node.kind, node.config, following, firsts, depth, way, jumps)
        for name, within in node.ways.items():
            _link(within, following, depth + 1, f"{node.id}.{name}", steps)


def _places(nodes: list[_Node], found: dict[str, str]) -> None:
    """Where the value of each step stands."""
    for node in nodes:
        found[node.id] = node.place
        for within in node.ways.values():
            _places(within, found)


def _runs_hot(steps: Mapping[str, Step], start: str, end: str) -> bool:
    """Whether a lead may come from one step to the other without waiting."""
    seen: set[str] = set()
    left = [start]
    while left:
        one = left.pop()
        if one == end:
            return True
        if one in seen or waits(steps[one].kind):
            continue
        seen.add(one)
        step = steps[one]
        straight = () if step.ways or step.kind == "exit" else (step.next,)
        left += [way for way in (*straight, *step.ways.values(), *step.jumps.values()) if way and way in steps]
    return False
