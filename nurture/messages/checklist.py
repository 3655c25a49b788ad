"""What is looked through in an email before it goes: way out, who writes, subject, size, pictures, links, text. Pure.

Each line says what is so or what to mend. What forbids a launch is only what the law or the reader's mail program would
punish: everything else is for a person to look at.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from nurture.kernel.i18n import N_, translate
from nurture.messages.inspect import Inspection, inspect
from nurture.messages.model import Compiled, MessageClass
from nurture.policy.law import Law

# Gmail shows so much of a mail's HTML and hides the rest behind a link (observed, not published).
CLIPPED = 102 * 1024
_NEAR = 0.85
LONGEST_SUBJECT = 70  # characters; phones show about 40
_PICTURES = 1_000_000  # bytes of all pictures together
_PICTURE = 400_000
_DIFFERS = 0.5
_TOKEN = 90  # bytes that a tracked link has more than its target, which grows by a third
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_FEW = 3


class Level(StrEnum):
    """How an item looks."""

    GOOD = "good"
    WATCH = "watch"  # a person should look
    BAD = "bad"  # forbids the launch


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list: a message id and what fills its places."""

    level: Level
    text: str
    params: Mapping[str, object] = field(default_factory=dict)
    where: tuple[str, ...] = ()  # languages, where it is so in some only

    def said(self, language: str) -> str:
        """The line in this language."""
        line = translate(language, self.text, **self.params)
        return f"{line} ({', '.join(self.where)})" if self.where else line


def together(found: Mapping[str, Sequence[Item]]) -> tuple[Item, ...]:
    """The lists of several languages as one: what is so in all of them stands once, the rest with its languages."""
    names: dict[tuple[Level, str], list[str]] = {}
    first: dict[tuple[Level, str], Item] = {}
    for language, items in found.items():
        for item in items:
            names.setdefault((item.level, item.text), []).append(language)
            first.setdefault((item.level, item.text), item)
    return tuple(
        item if len(names[key]) == len(found) else replace(item, where=tuple(names[key])) for key, item in first.items()
    )


def of_email(
    compiled: Compiled,
    message_class: str,
    law: Law,
    house: Mapping[str, str],
    base_url: str = "",
    *,
    leaves: bool = True,
) -> tuple[Item, ...]:
    """Every line about one email in one language, sent as a message of this class under this law.

    `leaves` is False where no mail leaves the machine: who writes matters to nobody there.
    """
    found = inspect(compiled)
    advertising = message_class == MessageClass.ADVERTISING
    return (
        *_way_out(found, law, advertising=advertising),
        *(_identity(compiled, law, house, Level.BAD if leaves else Level.WATCH) if advertising else ()),
        *_subject(compiled, law if advertising else None),
        _size(found, base_url, advertising=advertising),
        *_pictures(found),
        *_links(found),
        *_text(compiled, found),
    )


def _way_out(found: Inspection, law: Law, *, advertising: bool) -> Iterator[Item]:
    if not found.has_unsubscribe:
        if advertising:
            yield Item(Level.BAD, N_("There is no unsubscribe link, and advertising must have one"))
        return
    if not found.unsubscribe_is_last:
        level = Level.BAD if advertising and law.opt_out_last else Level.WATCH
        yield Item(level, N_("Something to follow stands behind the unsubscribe link: it belongs at the very end"))
    elif not found.text_has_unsubscribe:
        yield Item(Level.WATCH, N_("The text part has no unsubscribe link"))
    else:
        yield Item(Level.GOOD, N_("The reader can unsubscribe, at the very end and in both parts"))


def _identity(compiled: Compiled, law: Law, house: Mapping[str, str], level: Level) -> Iterator[Item]:
    """Who writes, and where they are: what the law wants of advertising."""
    unnamed = N_("NURTURE_HOUSE_NAME is not set, and advertising must say who writes")
    nowhere = N_("NURTURE_HOUSE_ADDRESS is not set, and advertising must have a postal address")
    lacking = ((unnamed, law.needs_identity, "name"), (nowhere, law.needs_address, "address"))
    silent = [name for _, needed, name in lacking if needed and f"house.{name}" not in compiled.reads]
    missing = [text for text, needed, name in lacking if needed and not house.get(name)]
    yield from (Item(level, text) for text in missing)
    if silent:
        names = {"fields": ", ".join(f"house.{name}" for name in silent)}
        yield Item(level, N_("The email does not say %(fields)s, and advertising must"), names)
    elif not missing and (law.needs_identity or law.needs_address):
        yield Item(Level.GOOD, N_("It says who writes, with the postal address"))


def _subject(compiled: Compiled, law: Law | None) -> Iterator[Item]:
    label = f"{law.label} " if law is not None and law.label else ""
    length = len(label) + len(_JINJA.sub("…", compiled.subject))
    if length > LONGEST_SUBJECT:
        params = {"count": length, "most": LONGEST_SUBJECT}
        yield Item(Level.WATCH, N_("The subject has %(count)s characters; after %(most)s it is cut off"), params)
    elif label:
        text = N_("The subject has %(count)s characters, %(label)s in front of it included")
        yield Item(Level.GOOD, text, {"count": length, "label": label.strip()})
    else:
        yield Item(Level.GOOD, N_("The subject has %(count)s characters"), {"count": length})
    if not compiled.preheader:
        yield Item(Level.WATCH, N_("There is no preheader: mail programs show the first words of the mail instead"))


def _size(found: Inspection, base_url: str, *, advertising: bool) -> Item:
    tracked = [link for link in found.links if link.tracked]
    size = found.html_size + sum(len(base_url) + _TOKEN + len(link.target.encode()) * 4 // 3 for link in tracked)
    params = {"size": size // 1024, "most": CLIPPED // 1024}
    if size > CLIPPED:
        level = Level.BAD if advertising and found.has_unsubscribe else Level.WATCH
        text = N_("%(size)s KB: Gmail cuts a mail at %(most)s KB, and the unsubscribe link stands behind the cut")
        return Item(
            level, text if found.has_unsubscribe else N_("%(size)s KB: Gmail cuts a mail at %(most)s KB"), params
        )
    if size > CLIPPED * _NEAR:
        return Item(Level.WATCH, N_("%(size)s KB, near the %(most)s KB at which Gmail cuts a mail"), params)
    return Item(Level.GOOD, N_("%(size)s KB; Gmail cuts a mail at %(most)s KB"), params)


def _pictures(found: Inspection) -> Iterator[Item]:
    if not found.images:
        return
    bare = [one.source for one in found.without_alt]
    if bare:
        yield Item(Level.WATCH, N_("Pictures without an alt text: %(names)s"), {"names": _some(bare)})
    heavy = [one.source for one in found.images if (one.size or 0) > _PICTURE]
    params = {"size": found.assets_size // 1024, "count": len(found.images)}
    if heavy or found.assets_size > _PICTURES:
        text = N_("The pictures weigh %(size)s KB; heavy ones: %(names)s")
        yield Item(Level.WATCH, text, {**params, "names": _some(heavy) or "–"})
    elif not bare:
        yield Item(Level.GOOD, N_("%(count)s pictures, %(size)s KB, each with an alt text"), params)


def _links(found: Inspection) -> Iterator[Item]:
    if found.dead_anchors:
        yield Item(Level.WATCH, N_("Nothing is called so in the mail: %(names)s"), {"names": _some(found.dead_anchors)})
    if found.http_links:
        yield Item(Level.WATCH, N_("Links without https: %(names)s"), {"names": _some(found.http_links)})
    mute = [link.target for link in found.links if not link.words and not link.target.startswith("#")]
    if mute:
        yield Item(Level.WATCH, N_("Links without words: %(names)s"), {"names": _some(mute)})


def _text(compiled: Compiled, found: Inspection) -> Iterator[Item]:
    if not compiled.html:
        return
    if not compiled.text.strip():
        yield Item(Level.BAD, N_("There is no text part"))
    elif found.difference > _DIFFERS:
        words = _some([*found.only_in_html[:_FEW], *found.only_in_text[:_FEW]])
        yield Item(Level.WATCH, N_("The text part says something else: %(names)s"), {"names": words})
    else:
        yield Item(Level.GOOD, N_("The text part says the same"))


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(name[:80] for name in names[:_FEW])
    return f"{shown} …" if len(names) > _FEW else shown
