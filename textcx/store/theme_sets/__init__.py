"""Theme sets as directories, by path and by name."""
