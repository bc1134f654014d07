"""Which theme a segment raises: by closeness to a set, or to seed topics."""
