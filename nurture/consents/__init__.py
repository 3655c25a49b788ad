"""Who may be written to: yes and no with their proof, and addresses that must not be reached."""
