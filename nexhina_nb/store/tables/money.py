"""The ledger and the prices."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text, UniqueConstraint

from nexhina_nb.store.tables.columns import RowId, added, metadata

entries = Table(
    "entries",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("user_id", Integer, nullable=False, index=True),
    Column("token_id", Integer, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("request_id", String(64), nullable=False),
    # What the entry did to the key's own quota, and through which channel it was spent.
    added("token_amount", BigInteger()),
    added("channel", Integer()),
    UniqueConstraint("request_id", "kind", name="uq_entries_request"),
)

prices = Table(
    "prices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model", String(255), nullable=False, index=True),
    Column("since", BigInteger, nullable=False),
    Column("price", Text, nullable=False),
)
