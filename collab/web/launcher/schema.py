"""Whether the database's schema is the one of this code, found without loading Alembic: a second start stays quick."""

import ast
from pathlib import Path

import psycopg


def code_heads(versions: Path) -> set[str]:
    """Return the revisions in the directory that no other revision follows."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for path in versions.glob("*.py"):
        values = _constants(ast.parse(path.read_text(encoding="utf-8")))
        revision = values.get("revision")
        if isinstance(revision, str):
            revisions.add(revision)
            followed |= _as_set(values.get("down_revision"))
    return revisions - followed


def database_heads(url: str) -> set[str]:
    """Return the revisions that the database is at; none when it has no schema yet."""
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return set()
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return {str(row[0]) for row in rows}


def is_current(url: str, versions: Path) -> bool:
    """Return whether the database at `url` needs no migration."""
    heads = code_heads(versions)
    return bool(heads) and heads == database_heads(url)


def _constants(module: ast.Module) -> dict[str, object]:
    values: dict[str, object] = {}
    for statement in module.body:
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        try:
            constant = ast.literal_eval(value)
        except ValueError:
            continue
        values.update({target.id: constant for target in targets if isinstance(target, ast.Name)})
    return values


def _as_set(value: object) -> set[str]:
    if isinstance(value, str):
        return {value}
    return {str(item) for item in value} if isinstance(value, tuple | list) else set()
