"""Vietnam: Decree 91/2020/NĐ-CP (advertising by email, text message and call), Law 91/2025/QH15 and Decree
356/2025/NĐ-CP (personal data).
"""

from datetime import timedelta

from nurture.policy.caps import Cap
from nurture.policy.law import DAY, EVERY_DAY, Law
from nurture.policy.windows import Window

_HOUR = 60  # minutes

LAW = Law(
    "vn",
    label="[QC]",
    label_first=True,
    ad_cap=Cap(3, DAY),
    sms_hours=Window(EVERY_DAY, 7 * _HOUR, 22 * _HOUR),
    sms_cap=Cap(3, DAY),
    call_hours=Window(EVERY_DAY, 8 * _HOUR, 17 * _HOUR),
    call_cap=Cap(1, DAY),
    needs_consent=True,
    needs_address=True,
    needs_identity=True,
    needs_way_out=True,
    opt_out_last=True,
    tracking_consent=True,
    confirms_refusal=True,
    do_not_call=True,
    answer_within=timedelta(days=2),
    withdrawn_within=timedelta(days=15),
    erased_within=timedelta(days=20),
    exported_within=timedelta(days=10),
    sources={
        "label": "Decree 91/2020, Article 18: [QC] or [AD]",
        "label_first": "Decree 91/2020, Article 15 for text messages (first in the text) and 18 for emails (first in "
        "the subject)",
        "ad_cap": "Decree 91/2020, Article 13: three advertising emails to one address in 24 hours, unless agreed "
        "otherwise with the reader",
        "sms_hours": "Decree 91/2020, Article 13: from 7 to 22, unless agreed otherwise",
        "sms_cap": "Decree 91/2020, Article 13: three text messages to one number in 24 hours",
        "call_hours": "Decree 91/2020, Article 13: from 8 to 17, unless agreed otherwise",
        "call_cap": "Decree 91/2020, Article 13: one call to one number in 24 hours",
        "needs_consent": "Decree 91/2020, Article 13; Law 91/2025, Article 28(3): given in the knowledge of content, "
        "method, form and frequency",
        "needs_identity": "Decree 91/2020, Article 19: name, phone, email and postal address, and website, before the "
        "way out",
        "needs_address": "Decree 91/2020, Article 19",
        "needs_way_out": "Decree 91/2020, Article 20(1)",
        "opt_out_last": "Decree 91/2020, Article 20(1)(a) and (b): at the end of the mail, and it says that everything "
        "of the advertiser may be refused; (c): refusing one product or group besides, where needed",
        "confirms_refusal": "Decree 91/2020, Articles 16 and 20(3): at once, with the time of the request and from "
        "when on nothing is sent; once only, without advertising",
        "do_not_call": "Decree 91/2020, Articles 7 and 13",
        "tracking_consent": "Law 91/2025, Articles 9 and 28; Decree 356/2025, Article 4 (tracked behavior online is "
        "sensitive data)",
        "answer_within": "Decree 356/2025: two working days",
        "withdrawn_within": "Decree 356/2025, as law firms report it; here a no counts at once",
        "erased_within": "Decree 356/2025, as law firms report it",
        "exported_within": "Decree 356/2025, as law firms report it",
    },
    notes=(
        (
            "The official text of Decree 91/2020 could not be read as a whole. Article 13 (caps and hours), 15 "
            "and 16 (text messages) and 20(1) (the way out) were read as quoted word for word by vinanet.vn, "
            "lawnet.vn and thuvienphapluat.vn, which agree."
        ),
        (
            "Articles 18 (the label of emails) and 19 (who advertises) were not found quoted, and their numbers "
            "were not checked. The label is put first in the subject, as Article 15 has it for text messages; "
            "sources differ in whether an email's label is [QC] or [AD] (lawnet.vn of text messages), or [QC] or "
            "[ADV] (DLA Piper, after the older Decree 90/2008)."
        ),
        (
            "Article 20 is numbered as quoted; what follows from it for the confirmation is taken from Article "
            "16, whose words on text messages were found."
        ),
        (
            "From when Law 91/2025 holds: sources of 2026 agree on 1 January 2026 (znews.vn, thanhnien.vn, Công "
            "an tỉnh Lai Châu), and on the same day for Decree 356/2025, which replaces Decree 13/2023 "
            "(frasersvn.com, plo.vn)."
        ),
        (
            "The spans of Decree 356/2025 were not read in its text: two working days to answer and 15 days to "
            "stop after a consent was taken back are what Frasers and CDLAF report; for the rest they say 10 to "
            "20 days. They are due dates shown to people, and nothing more."
        ),
        (
            "Whether a call by a salesperson to somebody who asked for it is an advertising call is for the house "
            "to judge: tasks of campaigns whose class is advertising are taken for such."
        ),
        "Text messages and calls need a registered brand name (Article 13); that is a matter of the gateway.",
    ),
)
