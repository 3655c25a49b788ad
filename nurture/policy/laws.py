"""What a law asks of a mail, by profile. Pure. First form: the label of advertising.

`vn`: Decree 91/2020/NĐ-CP, which has advertising mail carry the label [QC] first in its subject. The decree's own text
was not at hand; whoever sends should read it. `eu`, `us` and `none` ask for no label.
"""

LABELS = {"vn": "[QC]"}


def subject_label(law: str, message_class: str) -> str:
    """What stands before the subject of a mail of this class; empty where nothing has to."""
    return LABELS.get(law, "") if message_class == "advertising" else ""
