"""What the tables share: their metadata, the number of a row, columns that came later."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, String, Text, false, text
from sqlalchemy.types import TypeEngine

metadata = MetaData()

# SQLite numbers rows by itself only where the type is exactly INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")


def added(name: str, kind: TypeEngine[Any]) -> Column[Any]:
    """A column that came later: rows that were there have nothing in it."""
    if isinstance(kind, Boolean):
        return Column(name, kind, nullable=False, server_default=false())
    empty = "''" if isinstance(kind, (String, Text)) else "0"
    return Column(name, kind, nullable=False, server_default=text(empty))
