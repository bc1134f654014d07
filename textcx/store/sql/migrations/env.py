"""What Alembic runs: the steps, inside the transaction that ``upgrade`` opened."""

from __future__ import annotations

from alembic import context

from textcx.store.sql.schema.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=False, render_as_batch=True)
context.run_migrations()
