"""`nurture dkim`: keys that mail is signed with, and what the DNS must say of them."""

from typing import Any

import click

from nurture.cli.main import main
from nurture.cli.options import json_option
from nurture.cli.output import report
from nurture.cli.state import State, pass_state
from nurture.cli.words import _
from nurture.delivery.dkim import DkimKey, Signer
from nurture.delivery.dkim_keys import KINDS, load_keys, new_key, record
from nurture.kernel.settings import Settings
from nurture.messages.values import mailbox

_STRONG = 2048  # bits; RFC 8301 asks for as many


@main.group()
def dkim() -> None:
    """Group of the commands below."""


@dkim.command("new", help=_("Make a key, and print the DNS record that goes with it. An old key is never overwritten."))
@click.argument("domain", metavar=_("DOMAIN"))
@click.option("--selector", default="", metavar=_("NAME"), help=_("Its name in the DNS; nurture unless you say so."))
@click.option("--type", "kind", type=click.Choice(KINDS), default="rsa", help=_("rsa is understood everywhere."))
@json_option
@pass_state
def new(state: State, domain: str, selector: str, kind: str, *, as_json: bool) -> None:
    """Make one."""
    key = new_key(state.settings, domain, selector or ("nurture" if kind == "rsa" else "nurture-ed"), kind)
    lines = [
        _("The key lies in %(path)s; whoever has it can sign in your name. Keep it in your backup.", path=key.place),
        "",
        *_record_lines(key),
        "",
        _("Enter the record first, then start nurture anew: from then on mail from @%(domain)s is signed.",
          domain=key.domain),
    ]  # fmt: skip
    report(_data(key), lines, as_json=as_json)


@dkim.command("show", help=_("List the keys with their DNS records. It also says whether your mail is signed."))
@json_option
@pass_state
def show(state: State, *, as_json: bool) -> None:
    """List them."""
    keys = load_keys(state.settings)
    lines = [line for key in keys for line in (*_key_lines(key), "")]
    report([_data(key) for key in keys], [*lines, _signed(state.settings, keys)], as_json=as_json)


def _key_lines(key: DkimKey) -> list[str]:
    head = f"{key.domain}  {key.selector}  {key.kind} {key.bits}  {key.place}"
    short = key.kind == "rsa" and key.bits < _STRONG
    return [head, *([_("  a short key: 2048 bits are asked for by now")] if short else []), *_record_lines(key)]


def _record_lines(key: DkimKey) -> list[str]:
    """What to type where the domain's DNS is kept."""
    one = record(key)
    host = one.name.removesuffix(f".{key.domain}")
    return [
        _("A TXT record in the DNS of %(domain)s, as a form asks for it:", domain=key.domain),
        _("  name:   %(host)s   (in full: %(name)s)", host=host, name=one.name),
        _("  value:  %(value)s", value=one.value),
        _("or as a line of a zone file:"),
        f"  {one.zone_line}",
    ]


def _signed(settings: Settings, keys: tuple[DkimKey, ...]) -> str:
    domain = mailbox(settings.mail_from)[1].rpartition("@")[2]
    found = Signer(keys).keys_for(domain)
    if found:
        names = ", ".join(f"{key.selector} ({key.domain})" for key in found)
        return _("Mail from @%(domain)s is signed with %(names)s.", domain=domain, names=names)
    return _("Mail from @%(domain)s is not signed here. To begin: nurture dkim new %(domain)s", domain=domain)


def _data(key: DkimKey) -> dict[str, Any]:
    one = record(key)
    return {
        "domain": key.domain,
        "selector": key.selector,
        "type": key.kind,
        "bits": key.bits,
        "place": key.place,
        "record": {"name": one.name, "type": "TXT", "value": one.value, "zone": one.zone_line},
    }
