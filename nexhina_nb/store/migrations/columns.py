"""The columns that the steps are written with."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Text


def number(name: str, *, index: bool = False) -> Column[int]:
    """A number of any size."""
    return Column(name, BigInteger, nullable=False, index=index)


def small(name: str, *, index: bool = False) -> Column[int]:
    """A small number."""
    return Column(name, Integer, nullable=False, index=index)


def text(name: str, length: int = 0, *, unique: bool = False, index: bool = False) -> Column[str]:
    """A text, of at most ``length`` characters if there is one."""
    kind = String(length) if length else Text()
    return Column(name, kind, nullable=False, unique=unique, index=index)


def flag(name: str) -> Column[bool]:
    """True or false."""
    return Column(name, Boolean, nullable=False)


def row_id() -> Column[int]:
    """The number of a row."""
    return Column("id", Integer, primary_key=True)


def big_id() -> Column[int]:
    """The number of a row in a table that grows with every call."""
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
