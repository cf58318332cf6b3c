"""What goes wrong with a row is logged without the row: logs are read and kept by others than those who may read the data."""

import logging
import sys

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from collab.kernel import logs
from tests.factories.world import World

SECRET, EMAIL = "นางสาวความลับ ของเรา", "somebody@example.test"


def _line(formatter: logging.Formatter) -> str:
    record = logging.LogRecord("collab", logging.ERROR, __file__, 1, "unexpected error", None, sys.exc_info())
    return formatter.format(record)


@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.TextFormatter()], ids=["json", "text"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO user_account (id, email, name_th) VALUES (gen_random_uuid(), :email, :value)",
        "INSERT INTO once_key (key, endpoint, location, used_at) SELECT 'k', '', CAST(:value AS text), now() FROM generate_series(1, 2)",
        "SELECT CAST(:value AS uuid)",
    ],
    ids=["failing row", "same key twice", "not a uuid"],
)  # fmt: skip
def test_an_error_of_the_database_names_no_values(
    session: Session, world: World, formatter: logging.Formatter, statement: str
) -> None:
    with session.begin_nested() as nested:
        try:
            session.execute(sa.text(statement), {"value": f"{SECRET}\n\nสองบรรทัด", "email": EMAIL})
        except sa.exc.DBAPIError:
            line = _line(formatter)
        nested.rollback()
    assert "psycopg.errors" in line, "what went wrong is told"
    for told in ("DETAIL", EMAIL, "[parameters: {"):
        assert told not in line
    assert SECRET not in line or "CAST(:value AS uuid)" in statement, "only what PostgreSQL itself calls wrong is named"
