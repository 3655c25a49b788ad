"""What known providers allow, one line each, with where the figure stands and when it was read. Pure.

Providers change them without notice: an installation's own figures go before these. What could not be read is said.
"""

from dataclasses import dataclass

from nurture.delivery.model import Mark
from nurture.kernel.marked import N_


@dataclass(frozen=True, slots=True)
class Preset:
    """The limits of a provider. None: no limit of that kind is known."""

    name: str  # as people know it
    per_day: int | None
    rolling: bool  # the day is any 24 hours
    rate: float | None  # messages a second
    source: str
    read_on: str
    note: str = ""  # for people: what a figure means, and what could not be read
    mark: Mark | None = None  # by what its webhooks tell of our message; None: they give our Message-ID back anyway


_HOUR = 3600.0

PRESETS: dict[str, Preset] = {
    "plain": Preset("", None, rolling=False, rate=None, source="", read_on=""),
    # The page of private accounts (support.google.com/mail/answer/22839) could not be read; the figure is the one that
    # Google gives for accounts on trial, and the one commonly named for private accounts.
    "gmail": Preset(
        "Gmail", 500, rolling=True, rate=None,
        source="https://support.google.com/a/answer/166852 (500: accounts on trial)", read_on="2026-11-23",
        note=N_("500 recipients in any 24 hours. Google's page on private accounts could not be read."),
    ),
    "workspace": Preset(
        "Google Workspace", 2_000, rolling=True, rate=None,
        source="https://support.google.com/a/answer/166852", read_on="2026-11-23",
        note=N_("2000 messages in any 24 hours; an account on trial has 500. The relay service has limits of its own."),
    ),
    # The provider's own page could not be read, only a digest of it from 2026-08: 50 to 500 outside recipients an hour,
    # by reputation. The lowest is taken.
    "zoho": Preset(
        "Zoho Mail", None, rolling=False, rate=50 / _HOUR,
        source="https://www.zoho.com/mail/help/adminconsole/rates-and-limits.html (by a digest)", read_on="2026-11-23",
        note=N_(
            "50 to 500 outside recipients an hour by reputation; the lowest is taken, and a limit for the day could "
            "not be read. Zoho Mail forbids newsletters and advertising: use it for personal mail only."
        ),
    ),
    "ses": Preset(
        "Amazon SES", 200, rolling=True, rate=1.0,
        source="https://docs.aws.amazon.com/ses/latest/dg/quotas.html", read_on="2026-11-23",
        note=N_(
            "200 in any 24 hours and 1 a second, as an account in the sandbox has; outside of it Amazon sets your own "
            "figures, which you give as per_day and rate."
        ),
    ),
    "brevo": Preset(
        "Brevo", 300, rolling=False, rate=None,
        source="https://help.brevo.com/hc/en-us/articles/8292912279954", read_on="2026-11-23",
        note=N_(
            "300 a day in the free plan; paid plans have no limit for the day. At which hour the day begins could not "
            "be read: midnight in your zone is taken, so give zone where it differs."
        ),
    ),
    # A key of 20 characters and a value of 80, as far as is known; their page could not be read.
    "postmark": Preset(
        "Postmark", None, rolling=False, rate=None, source="", read_on="2026-11-23",
        note=N_("No figure of this provider could be read: give per_day and rate as your plan has them."),
        mark=Mark("X-PM-Metadata-nurture", "%s", longest=80),
    ),
    # Unique arguments; one such header a mail.
    "sendgrid": Preset(
        "SendGrid", None, rolling=False, rate=None, source="", read_on="2026-11-23",
        note=N_("No figure of this provider could be read: give per_day and rate as your plan has them."),
        mark=Mark("X-SMTPAPI", '{"unique_args": {"nurture": "%s"}}'),
    ),
    # documentation.mailgun.com/docs/mailgun/user-manual/sending-messages: "Attaching Metadata to Messages".
    "mailgun": Preset(
        "Mailgun", None, rolling=False, rate=None, source="", read_on="2026-11-23",
        note=N_("No figure of this provider could be read: give per_day and rate as your plan has them."),
        mark=Mark("X-Mailgun-Variables", '{"nurture": "%s"}'),
    ),
}  # fmt: skip
