"""How calls are handed over, one file each. A module talks to the world outside and never to the database."""
