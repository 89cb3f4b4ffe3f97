"""Run the migrations on the connection that :func:`ads.registry.schema.upgrade` hands over, in its transaction."""

from alembic import context

from ads.registry.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes tables by copying them
    transactional_ddl=True,  # SQLite can, though Alembic assumes that it can't
    transaction_per_migration=False,
)
context.run_migrations()
