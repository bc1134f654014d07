"""The running service under load, under mixed traffic, under kills and under odd requests."""
