"""The European Union: GDPR (Regulation 2016/679) and the ePrivacy Directive (2002/58/EC, as amended by 2009/136/EC).

Both are carried out by each member state; what stands here is what they have in common.
"""

from datetime import timedelta

from nurture.policy.law import Law

_MONTH = timedelta(days=30)

LAW = Law(
    "eu",
    needs_consent=True,
    needs_address=True,
    needs_identity=True,
    needs_way_out=True,
    tracking_consent=True,
    answer_within=_MONTH,
    erased_within=_MONTH,
    exported_within=_MONTH,
    sources={
        "needs_consent": "Directive 2002/58/EC, Article 13(1); GDPR, Articles 4(11), 6(1)(a) and 7",
        "needs_identity": "Directive 2002/58/EC, Article 13(4): the sender's identity is not disguised or concealed",
        "needs_address": "Directive 2000/31/EC, Article 5(1)(b) and 6(b): the geographic address of whoever advertises",
        "needs_way_out": "Directive 2002/58/EC, Article 13(2) and 13(4); GDPR, Articles 7(3) and 21(3)",
        "tracking_consent": "Directive 2002/58/EC, Article 5(3), which EDPB Guidelines 2/2023 apply to pixels and to "
        "links that tell readers apart",
        "answer_within": "GDPR, Article 12(3): one month",
        "erased_within": "GDPR, Articles 12(3) and 17",
        "exported_within": "GDPR, Articles 12(3), 15 and 20",
    },
    notes=(
        "The texts were not at hand; the articles are named as commentaries name them, which agree.",
        "A month is reckoned as 30 days, the shorter way.",
        (
            "Article 13(2) allows mail about similar products to customers without prior consent. Member states "
            "draw that exception differently, so the engine does not use it."
        ),
        (
            "Whether the postal address must stand in each mail or on a page behind a link differs by member "
            "state (Germany: § 5 DDG). The mail is the safe place."
        ),
        "Double opt-in is no word of the law; German courts ask for it as proof.",
    ),
)
