"""What a member of staff is: values, no I/O."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; `Person` says it."""

    ADMIN = "admin"  # everything
    MARKETER = "marketer"  # all leads and campaigns
    SALES = "sales"  # own leads and the unassigned
    VIEWER = "viewer"  # sees all, changes and exports nothing


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts: a member of staff as the services see one."""

    id: int
    name: str
    email: str
    role: Role
    language: str = "vi"
    zone: str = "Asia/Ho_Chi_Minh"

    @property
    def actor(self) -> str:
        """How this person is written as author."""
        return f"user:{self.id}"

    @property
    def may_edit(self) -> bool:
        """Whether this person changes anything at all."""
        return self.role is not Role.VIEWER

    @property
    def sees_all(self) -> bool:
        """Whether this person sees the leads of others."""
        return self.role is not Role.SALES

    @property
    def may_define(self) -> bool:
        """Whether this person defines campaigns, segments, rules."""
        return self.role in {Role.ADMIN, Role.MARKETER}

    @property
    def may_administer(self) -> bool:
        """Whether this person manages people and settings."""
        return self.role is Role.ADMIN


def user_of(actor: str) -> int | None:
    """Whose `Person.actor` this is; None for lead, engine and everything else."""
    kind, _, number = actor.partition(":")
    return int(number) if kind == "user" and number.isdecimal() and len(number) < 19 else None


def may_see_lead(person: Person, owner_id: int | None) -> bool:
    """Sales see their own leads and the unassigned; everybody else sees all."""
    return person.sees_all or owner_id is None or owner_id == person.id


def may_edit_lead(person: Person, owner_id: int | None) -> bool:
    """Who may change a lead: who may see it, viewers excepted."""
    return person.may_edit and may_see_lead(person, owner_id)
