"""Find themes: learn a set, assign to one, see what emerges beside it."""
