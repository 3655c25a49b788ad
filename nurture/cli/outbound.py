"""`nurture outbound`: webhooks and text messages. `nurture webhooks`: what webhooks are signed with."""

import click

from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import report, table
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.kernel.errors import NotFoundError
from nurture.kernel.i18n import translate
from nurture.kernel.reasons import LABELS, Reason
from nurture.outbound import service, store
from nurture.outbound.model import CallState
from nurture.outbound.secrets import load_secrets

_SHOWN = 100
_STATES = click.Choice([one.value for one in CallState])


@main.group(invoke_without_command=True)
@click.option("--campaign", "key", metavar=_("KEY"), help=_("Those of one campaign only."))
@click.option("--state", "wanted", type=_STATES, default=None, help=_("Those in this state only."))
@json_option
@pass_state
@click.pass_context
def outbound(ctx: click.Context, state: State, key: str | None, wanted: str | None, *, as_json: bool) -> None:
    """List, unless a command follows."""
    if ctx.invoked_subcommand is not None:
        return
    with state.context() as context, context.database.snapshot() as conn:
        counts = store.account(conn, key)
        rows, _older = store.page(conn, campaign=key, state=wanted or "", limit=_SHOWN)
    account = [{"kind": kind.value, "state": one.value, "count": count} for (kind, one), count in counts.items()]
    lines = table((_("kind"), _("state"), _("count")), [(a["kind"], a["state"], a["count"]) for a in account])
    if rows:
        head = (_("id"), _("kind"), _("state"), _("tries"), _("answer"), _("what"))
        lines += ["", *table(head, [_line(one) for one in rows])]
    data = {"account": account, "calls": [_data(one) for one in rows]}
    report(data, lines if account else [_("Nothing went out yet.")], as_json=as_json)


def _line(one: store.Shown) -> tuple[object, ...]:
    said = f"{one.status or ''} {_reason(one.reason)}".strip()
    what = f"{one.name} {one.target}".strip()
    return (one.public_id, one.kind.value, one.state.value, one.attempts, said[:60], what[:60])


def _reason(code: str) -> str:
    return translate(LANGUAGE, LABELS[Reason(code)]) if code in set(Reason) else code


def _data(one: store.Shown) -> dict[str, object]:
    return {
        "id": one.public_id,
        "kind": one.kind.value,
        "campaign": one.campaign_key,
        "step": one.step,
        "lead": one.lead_public_id,
        "name": one.name,
        "target": one.target,
        "state": one.state.value,
        "reason": one.reason,
        "attempts": one.attempts,
        "status": one.status,
        "answer": one.answer,
        "retry_at": one.retry_at.isoformat() if one.retry_at else None,
    }


@outbound.command("retry", help=_("Have a failed or unresolved one tried again. For three more days."))
@click.argument("public_id", metavar=_("ID"))
@json_option
@pass_state
def retry(state: State, public_id: str, *, as_json: bool) -> None:
    """Queue it again."""
    with state.context() as context, context.database.write() as conn:
        service.try_again(conn, public_id, real=context.clock.real(), actor="cli")
    report({"id": public_id, "state": CallState.QUEUED.value}, [_("It is tried again.")], as_json=as_json)


@main.group()
def webhooks() -> None:
    """Group of the command below."""


@webhooks.command("secret", help=_("Print the secret of webhooks. It is made at the first asking, unless one is set."))
@click.option("--name", default="", metavar=_("NAME"), help=_("Of the webhooks of this name."))
@json_option
@pass_state
def secret(state: State, name: str, *, as_json: bool) -> None:
    """Print."""
    found = list(load_secrets(state.settings).of(name))
    if not found:
        raise NotFoundError(_("There is no such secret"))
    report({"name": name, "secrets": found}, found, as_json=as_json)
