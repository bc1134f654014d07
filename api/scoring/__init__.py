"""Texts scored now: the queue, the one thread behind it, and offsets in the unit of the caller."""
