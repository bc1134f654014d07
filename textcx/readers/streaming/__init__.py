"""Records from a stream that may never end, one line at a time."""
