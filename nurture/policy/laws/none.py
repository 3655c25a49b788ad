"""No law: for trying out, and for mail within one's own house. The engine's own rules stay (consent, a way out)."""

from nurture.policy.law import Law

LAW = Law("none")
