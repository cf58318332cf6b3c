"""Pieces that several migrations share. Plain SQL only: a migration must mean the same in ten years, whatever the code is then."""

from alembic.operations import Operations

APP_ROLE = "collab_app"


def track_table(op: Operations, table: str, *, counted: bool = False) -> None:
    """Guard a tracked table: no DELETE, no TRUNCATE, and no change in a transaction that records no act.

    ``counted``: the rows have a ``version``. The session counts it up with every change and records an act for each, so that an UPDATE
    that counts up is taken for the session's; any other needs an act announced, as every INSERT does.
    """
    operations = "INSERT OR DELETE" if counted else "INSERT OR UPDATE OR DELETE"
    op.execute(
        f"CREATE TRIGGER {table}_tracked BEFORE {operations} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION collab_guard_tracked()"
    )
    if counted:
        op.execute(
            f"CREATE TRIGGER {table}_counted AFTER UPDATE ON {table} FOR EACH ROW "
            "WHEN (NEW.version IS DISTINCT FROM OLD.version + 1) EXECUTE FUNCTION collab_guard_tracked()"
        )
    op.execute(
        f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION collab_guard_tracked()"
    )


def refuse(op: Operations, table: str, *operations: str) -> None:
    """Refuse ``operations`` (UPDATE, DELETE, TRUNCATE) on a table of the history, by trigger and by privilege."""
    for operation in operations:
        op.execute(
            f"CREATE TRIGGER {table}_no_{operation.lower()} BEFORE {operation} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION collab_refuse_change()"
        )
        op.execute(f"REVOKE {operation} ON {table} FROM {APP_ROLE}")
