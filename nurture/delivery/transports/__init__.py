"""Ways to hand mail over, one file each: `is_meant(settings)` says whether to use it, `connection(settings)` how."""
