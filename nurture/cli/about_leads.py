"""All commands under `nurture leads`: each module adds its own to the group."""

from nurture.cli import leads, merging, refusing, requests

__all__ = ["leads", "merging", "refusing", "requests"]
