"""The database of the service: SQLite or PostgreSQL, the same tables and the same code for both."""
