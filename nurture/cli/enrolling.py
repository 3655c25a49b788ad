"""`nurture enroll`: put leads into a campaign by hand, with a reason for each who does not come in."""

import click

from nurture.cli.main import main
from nurture.cli.options import campaign_argument, json_option, lead_at
from nurture.cli.output import Status, report
from nurture.cli.state import State, pass_state
from nurture.cli.words import LANGUAGE, _
from nurture.enrollments.service import enroll as put_in
from nurture.kernel.i18n import translate
from nurture.kernel.reasons import LABELS
from nurture.users.service import note

_ACTOR = "cli"


@main.command()  # fmt: skip
@campaign_argument
@click.argument("emails", metavar="EMAIL...", nargs=-1, required=True)
@json_option
@click.pass_context
@pass_state
def enroll(state: State, ctx: click.Context, key: str, emails: tuple[str, ...], *, as_json: bool) -> None:
    """Enroll."""
    with state.context() as context:
        now, real = context.clock.engine(), context.clock.real()
        with context.database.write() as conn:
            leads = {one.id: one.email or "" for one in (lead_at(conn, email) for email in emails)}
            entered = put_in(conn, key, list(leads), cause=_ACTOR, now=now, real=real, actor=_ACTOR)
            count = sum(one.reason is None for one in entered)
            if count:
                subject = f"campaign:{key}"
                note(conn, actor=_ACTOR, action="campaign.enroll", subject=subject, at=real, detail={"leads": count})
    data = [{"email": leads[one.lead_id], "enrolled": one.reason is None, "reason": one.reason} for one in entered]
    lines = [
        _("%(email)s: enrolled", email=leads[one.lead_id])
        if one.reason is None
        else _("%(email)s: no, %(reason)s", email=leads[one.lead_id], reason=translate(LANGUAGE, LABELS[one.reason]))
        for one in entered
    ]
    report(data, lines, as_json=as_json)
    ctx.exit(Status.DONE if count == len(entered) else Status.FINDINGS)
