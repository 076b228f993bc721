"""Which failures of a database pass by themselves: it is locked, full, away, or just starting."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from nexhina_nb.errors import StoreError

_SQLITE = tuple(
    f"SQLITE_{name}"
    for name in ("BUSY", "LOCKED", "FULL", "READONLY", "IOERR", "CANTOPEN", "PROTOCOL")
)
# Classes of PostgreSQL's SQLSTATE: connection, conflict of transactions, no resources, locked,
# an operator who stops it; and a server that only reads.
_POSTGRESQL = ("08", "40", "53", "55", "57P", "25006")


def passes(error: StoreError) -> bool:
    """Whether the same transaction may succeed a little later."""
    cause = error.__cause__
    if isinstance(cause, TimeoutError):  # every connection is taken
        return True
    if not isinstance(cause, DBAPIError):
        return False
    if (name := getattr(cause.orig, "sqlite_errorname", None)) is not None:
        return str(name).startswith(_SQLITE)
    if (state := getattr(cause.orig, "sqlstate", None)) is not None:
        return str(state).startswith(_POSTGRESQL)
    return cause.connection_invalidated or _is_connection(cause)


def _is_connection(cause: DBAPIError) -> bool:
    """A driver that gives no code had nobody to ask for one."""
    return isinstance(cause, (OperationalError, InterfaceError))
