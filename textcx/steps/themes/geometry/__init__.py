"""Where themes and segments lie: exact products on a lattice, closeness, the tree of a set."""
