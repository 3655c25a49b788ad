"""States of an enrollment."""

from enum import StrEnum


class EnrollmentState(StrEnum):
    """One lead's way through one revision."""

    ACTIVE = "active"
    COMPLETED = "completed"
    EXITED = "exited"  # with the reason
    FAILED = "failed"
