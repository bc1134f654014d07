"""The only room that puts things together: engines, readers, stores and keys, from settings."""
