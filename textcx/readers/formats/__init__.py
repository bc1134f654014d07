"""File formats: bytes in, raw rows out."""
