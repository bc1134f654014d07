"""The tables of the service and their column types."""
