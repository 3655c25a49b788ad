"""A no that a member of staff was told, kept with its proof; how a lead stands on each channel. Needs a request."""

from collections.abc import Mapping
from typing import Any

from flask import g, request
from sqlalchemy.engine import Connection

from nurture.activities.model import Kind
from nurture.activities.store import times_since
from nurture.campaigns import house as houses
from nurture.consents import blocking
from nurture.consents.model import Channel, Method, Standing, SuppressionReason, topic_of
from nurture.consents.service import LONGEST_PROOF, Said
from nurture.consents.store import standing_everywhere
from nurture.kernel.errors import InputError, Problem
from nurture.kernel.i18n import N_
from nurture.leads import desk
from nurture.leads.model import Lead
from nurture.outbound.refusal import sms_refusal
from nurture.policy.calls import Advice, advise
from nurture.policy.law import DAY
from nurture.policy.laws import profile
from nurture.policy.windows import zone_of
from nurture.users.model import user_of
from nurture.web.language import say
from nurture.web.page import context, hand, known, now
from nurture.web.words import named

CHANNELS: Mapping[str, str] = {
    Channel.EMAIL: N_("Email"),
    Channel.SMS: N_("Text messages"),
    Channel.CALL: N_("Calls"),
}
WAYS: Mapping[str, str] = {
    Method.PHONE: N_("On the phone"),
    Method.PERSON: N_("In person"),
    Method.PAPER: N_("On paper"),
    Method.REPLY: N_("In a reply"),
}
REASONS: Mapping[str, str] = {
    SuppressionReason.UNSUBSCRIBED: N_("refused"),
    SuppressionReason.COMPLAINED: N_("called it spam"),
    SuppressionReason.BOUNCED: N_("mailbox does not exist"),
    SuppressionReason.BY_HAND: N_("by hand"),
    SuppressionReason.IMPORT: N_("from a list"),
    SuppressionReason.PAUSED: N_("asked for a pause"),
}


def topics(conn: Connection | None = None) -> dict[str, str]:
    """The house's topics by key, in the reader's language."""
    house = houses.of_text(known(conn).shared.get(houses.KEY, (None, None))[1])
    return {one.key: named(dict(one.name)) for one in house.topics}


def stands(conn: Connection, lead: Lead) -> dict[Channel, Standing]:
    """How the lead stands on every channel; asked once for each request."""
    kept: dict[int, dict[Channel, Standing]] = g.setdefault("stands", {})
    if lead.id not in kept:
        kept[lead.id] = standing_everywhere(conn, context().keys, lead.id, lead.email, lead.phone)
    return kept[lead.id]


def words(conn: Connection, lead: Lead) -> dict[str, Any]:
    """What the fields of the form need for this lead."""
    there = {Channel.EMAIL: lead.email, Channel.SMS: lead.phone, Channel.CALL: lead.phone}
    return {
        "refusal_channels": [(key, say(CHANNELS[key])) for key, address in there.items() if address],
        "refusal_topics": list(topics(conn).items()),
        "refusal_ways": [(key, say(text)) for key, text in WAYS.items()],
    }


def keep(conn: Connection, lead: Lead) -> bool:
    """Keep the refusal that the form tells of, with its line in the audit; True when it is new."""
    channel, way = request.form.get("channel") or Channel.EMAIL.value, request.form.get("method") or Method.PERSON.value
    topic, proof = request.form.get("topic", ""), request.form.get("proof", "").strip()
    known = topics(conn)
    problems = []
    if channel not in set(Channel):
        problems.append(Problem("no_channel", N_("Choose what the lead refuses"), path="channel"))
    if way not in WAYS:
        problems.append(Problem("no_way", N_("Choose how the lead said it"), path="method"))
    if topic and topic not in known:
        problems.append(Problem("no_topic", N_("There is no such topic"), path="topic"))
    if problems:
        raise InputError(problems)
    by = hand()
    actor = by.person.actor
    said = Said(Method(way), actor, actor, actor, by.now, by.real, proof[:LONGEST_PROOF])
    new = blocking.refuse(conn, context().keys, lead, Channel(channel), said, topic)
    desk.audit(conn, by, lead, "lead.refusal", {"channel": channel, "topic": topic, "method": way})
    return new


def channels(conn: Connection, lead: Lead) -> list[dict[str, Any]]:
    """How the lead stands on each channel: whether advertising may go there, topics refused, until when not."""
    found, names, everywhere = [], topics(conn), stands(conn, lead)
    for channel in Channel:
        address = lead.email if channel is Channel.EMAIL else lead.phone
        if not address:
            continue
        one = everywhere[channel]
        refusal = one.refusal("advertising") if channel is Channel.EMAIL else sms_refusal(one, "advertising")
        found.append(
            {
                "channel": say(CHANNELS[channel]),
                "refusal": refusal,
                "topics": [names.get(topic, topic) for topic in sorted(one.topics)],
                "until": one.paused("advertising", now()),
            }
        )
    return found


def call_advice(conn: Connection, lead: Lead) -> Advice:
    """What the law says of calling this lead now to advertise."""
    law, ctx = profile(context().settings.law), context()
    called = times_since(conn, lead.id, Kind.CALLED, now() - DAY)
    zone = zone_of(lead.zone, ctx.settings.zone)
    return advise(law, zone, now(), called, refused=stands(conn, lead)[Channel.CALL].closed)


_ORIGINS: Mapping[str, str] = {
    "unsubscribe:page": N_("on the page behind the unsubscribe link"),
    "unsubscribe:one_click": N_("by the button of their mail program"),
    "unsubscribe:mailto": N_("by an email of their mail program"),
    "list": N_("list %(name)s"),
    "import": N_("import %(name)s"),
    "merge": N_("from a lead that was merged"),
    "cli": N_("on the command line"),
    "return": N_("by what came back of an email"),
}


def origin_words(origin: str, names: Mapping[int, str]) -> str:
    """Where a line comes from: a person by name, a page, a list, an import."""
    writer = user_of(origin)
    if writer is not None:
        return names.get(writer, origin)
    kind, _, name = origin.partition(":")
    text = _ORIGINS.get(origin) or _ORIGINS.get(kind)
    return say(text, name=name) if text else origin


def scope_words(scope: str, names: Mapping[str, str]) -> str:
    """How much a line forbids."""
    topic = topic_of(scope)
    if topic:
        return say("only: %(topic)s", topic=names.get(topic, topic))
    return say("advertising") if scope == "advertising" else say("everything")
