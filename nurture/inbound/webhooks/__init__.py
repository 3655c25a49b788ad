"""What mail providers tell by webhook: one file for each, its name the last part of the address and the source of its
returns.

A provider's file says `is_set(settings)`, `ASKS` (what a 401 asks for), `is_authentic(here, post)`, which looks at the
raw body, and `returns(here, post)`, which maps the provider's words to ours by dicts. Events and fields that are not
named there are passed over. Pure, but for what `fetch` does.
"""
