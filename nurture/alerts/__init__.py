"""Alerts: something needs a salesperson, who is told when and how, and why."""
