"""What a lead is: values, no I/O."""

from enum import StrEnum


class Temperature(StrEnum):
    """A band of engagement with a margin on the way down."""

    COLD = "cold"
    WARM = "warm"  # from 30, no longer under 20
    HOT = "hot"  # from 70, no longer under 55


class Lifecycle(StrEnum):
    """How far a person has come with us; order matters: a merge keeps the furthest."""

    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"


class FieldType(StrEnum):
    """Types of custom fields. JSON holds text as string, number as number, date as YYYY-MM-DD, yes_no as bool."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes_no"
    CHOICE = "choice"


HONORIFICS = ("anh", "chị", "cô", "chú", "ông", "bà")
