"""What a campaign is: YAML read and checked, kept as revisions by content hash. Steps are files in `steps/`."""
