"""The United States: CAN-SPAM Act of 2003 (15 U.S.C. 7701–7713) and its rule (16 CFR Part 316).

It lets advertising go until the reader says no. The engine asks for proof of consent all the same.
"""

from nurture.policy.law import Law

LAW = Law(
    "us",
    needs_address=True,
    needs_identity=True,
    needs_way_out=True,
    sources={
        "needs_address": "15 U.S.C. 7704(a)(5)(A)(iii): a valid physical postal address of the sender",
        "needs_identity": "15 U.S.C. 7704(a)(1): header information, the From line among it, is not misleading",
        "needs_way_out": "15 U.S.C. 7704(a)(3), (a)(5)(A)(ii); 16 CFR 316.5: no fee, nothing asked but the address "
        "and the choice, a reply or a single page",
        "label": "15 U.S.C. 7704(a)(5)(A)(i): advertising is identified as such, in no set words, and need not be "
        "where the reader agreed beforehand",
    },
    notes=(
        (
            "16 CFR 316.5 was read as republished from eCFR. The Act itself was not at hand: its sections are "
            "named from commentaries that agree with one another."
        ),
        "A no must be honored within 10 business days (15 U.S.C. 7704(a)(4)); here it counts at once.",
        (
            "Text messages and calls fall under the Telephone Consumer Protection Act and state laws, which this "
            "profile does not cover; they ask for consent, and for hours of the day."
        ),
        "Some states (California, Washington) ask for more than CAN-SPAM does.",
    ),
)
