"""Settings that are dangerous, or odd together."""

import ipaddress
import stat
from collections.abc import Iterator
from pathlib import Path

from nurture.cli.examinations import Place
from nurture.delivery.dkim_keys import load_keys
from nurture.kernel.errors import NurtureError
from nurture.kernel.findings import Finding, Section
from nurture.kernel.i18n import N_
from nurture.kernel.relays import is_loopback
from nurture.kernel.settings import Settings
from nurture.messages.values import mailbox

_S = Section("settings")
_LEAST_SECRET = 32  # characters
_RESERVED = (".example", ".test", ".invalid", ".localhost", ".local", "example.com", "example.net", "example.org")


def examine(place: Place) -> Iterator[Finding]:
    """All of them."""
    found = [*_secrets(place.settings), *_open_doors(place.settings), *_mail(place.settings)]
    yield from found or [_S.ok(N_("The settings go together"))]


def from_domain(settings: Settings) -> str:
    """The domain that mail comes from."""
    return mailbox(settings.mail_from)[1].rpartition("@")[2].lower()


def is_reserved(domain: str) -> bool:
    """Whether a domain is for examples: nothing outside takes mail from it."""
    return f".{domain}".endswith(_RESERVED)


def _secrets(settings: Settings) -> Iterator[Finding]:
    if settings.secret_key and len(settings.secret_key) < _LEAST_SECRET:
        yield _S.warning(
            N_("The secret key is short: sessions could be forged"),
            N_("leave NURTURE_SECRET_KEY out, and one is made; or take 32 characters and more"), "NURTURE_SECRET_KEY",
        )  # fmt: skip
    for path in (settings.keys_file, settings.data_dir / "secret.key"):
        if _is_open(path):
            yield _S.wrong(
                N_("Others on this machine can read %(path)s"), N_("chmod 600 %(path)s"), str(path), path=path
            )
    try:
        load_keys(settings)
    except NurtureError as error:
        yield _S.wrong(
            N_("A key that mail is signed with cannot be used: %(error)s"), N_("nurture dkim show says more"),
            "NURTURE_DKIM", error=error,
        )  # fmt: skip


def _is_open(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
    except OSError:
        return False


def _open_doors(settings: Settings) -> Iterator[Finding]:
    named = (("NURTURE_TRUSTED_PROXIES", settings.trusted_proxies), ("NURTURE_WEBHOOK_ALLOW", settings.webhook_allow),
             ("NURTURE_METRICS_ALLOW", settings.metrics_allow))  # fmt: skip
    for name, networks in named:
        wide = next((one for one in networks if _is_everything(one)), None)
        if wide is not None:
            yield _S.wrong(
                N_("%(name)s names the whole internet (%(network)s)"), N_("name the networks that are yours"), name,
                name=name, network=wide,
            )  # fmt: skip
    is_shown = settings.metrics_port and not is_loopback(settings.metrics_host)
    if is_shown and not (settings.metrics_allow or settings.metrics_token):
        yield _S.warning(
            N_("Figures are offered on %(host)s, but nobody may read them from outside"),
            N_("set NURTURE_METRICS_ALLOW or NURTURE_METRICS_TOKEN"), "NURTURE_METRICS_HOST",
            host=settings.metrics_host,
        )  # fmt: skip


def _is_everything(network: str) -> bool:
    try:
        return ipaddress.ip_network(network, strict=False).prefixlen == 0
    except ValueError:
        return False


def _mail(settings: Settings) -> Iterator[Finding]:
    heard = any((settings.inbox_url, settings.ses_topics, settings.sendgrid_key, settings.mailgun_key,
                 settings.postmark_secret, settings.brevo_secret))  # fmt: skip
    if settings.inbox_url is not None and not settings.bounce_address:
        yield _S.warning(
            N_("A mailbox is read, but mail says nothing of where returns go: many cannot be matched to their mail"),
            N_("set NURTURE_BOUNCE_ADDRESS to an address that is delivered into that mailbox"), "NURTURE_INBOX_URL",
        )  # fmt: skip
    if settings.stays_here:
        return
    domain = from_domain(settings)
    if is_reserved(domain):
        yield _S.wrong(
            N_("Mail would come from @%(domain)s, a domain for examples"), N_("set NURTURE_MAIL_FROM"),
            "NURTURE_MAIL_FROM", domain=domain,
        )  # fmt: skip
    if not heard:
        yield _S.warning(
            N_("Nobody tells of bounces: dead addresses are written to again and again"),
            N_("set NURTURE_INBOX_URL, or the secret of your provider's webhook (docs/returns.md); mail that is piped "
               "into nurture inbound is as good"), "NURTURE_INBOX_URL",
        )  # fmt: skip
    if settings.law != "none" and not (settings.house_name and settings.house_address):
        yield _S.warning(
            N_("The emails do not say who sends them, which the law asks for"),
            N_("set NURTURE_HOUSE_NAME and NURTURE_HOUSE_ADDRESS"), "NURTURE_HOUSE_NAME",
        )  # fmt: skip
    if settings.law == "none":
        yield _S.warning(N_("No law's rules are kept (NURTURE_LAW=none)"), N_("set vn, eu or us"), "NURTURE_LAW")
