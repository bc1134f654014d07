"""One file, one port, one library."""
