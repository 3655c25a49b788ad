"""The one mail that says that a refusal was heard: when it came and from when on it holds, nothing else (queries).

Decree 91/2020 asks for it at once, once only, and without advertising. Other laws do not, and nobody gets it there.
"""

from sqlalchemy.engine import Connection

from nurture.consents.service import Said
from nurture.kernel.context import Context
from nurture.kernel.i18n import LANGUAGES
from nurture.messages import links
from nurture.messages import service as messages
from nurture.messages.model import MessageClass, NewMessage, Purposes
from nurture.policy.laws import profile
from nurture.rules.describe import instant
from nurture.tracking.store import Addressee

TEMPLATE = "refusal_confirmed"


def write(
    conn: Connection, ctx: Context, said: links.Refusal, addressee: Addressee, address: str | None, how: Said
) -> bool:  # fmt: skip
    """Queue it to the address that refused, once a day at most; True when it is queued.

    Nobody gets it whose address is not known any more.
    """
    if not profile(ctx.settings.law).confirms_refusal or not address or addressee.lead_id is None:
        return False
    language = addressee.language if addressee.language in LANGUAGES else ctx.settings.language
    day = how.real.astimezone(ctx.settings.local_zone).date()
    message = NewMessage(
        Purposes.NOTICE,
        TEMPLATE,
        language,
        MessageClass.TRANSACTIONAL,
        how.now,
        lead_id=addressee.lead_id,
        unique_key=f"refused:{said.address_hash}:{day.isoformat()}",
        values={"refused_at": instant(how.now, language, ctx.settings.local_zone)},
        address=address,
        priority=1,
    )
    (new,) = messages.write(conn, [message], now=how.now, real=how.real)
    return new is not None
