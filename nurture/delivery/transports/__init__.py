"""Ways to hand mail over, one file each: `is_meant(entry)` says whether a relay is reached by it, `connection(entry,
settings)` how."""
