"""How good, how stable and how fast themes are, and which names people would accept."""
