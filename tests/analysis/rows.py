"""Log rows for tests: as they travel, as hypothesis draws them, and written into a store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import insert

from nexhina_nb.store.db import open_store
from nexhina_nb.store.tables import logs

Row = dict[str, Any]
# the day before clocks change in Europe
BEGIN = 1_774_700_000
MODELS = ("gpt-4o", "o3", "", "$a$_<b>", "_hidden", "模型")


def row(number: int = 1, **changes: Any) -> Row:
    """A call of gpt-4o that was answered and cost 100 quota."""
    other = {"frt": 250, "duration_ms": 1500, "cache_tokens": 4, "request_path": "/v1/x"}
    base = {
        "id": number, "created_at": BEGIN + number, "type": 2, "user_id": 1, "username": "ada",
        "token_id": 1, "token_name": "k", "model_name": "gpt-4o", "quota": 100,
        "prompt_tokens": 10, "completion_tokens": 5, "use_time": 2, "is_stream": True, "channel": 1,
        "group": "default", "content": "", "request_id": f"r{number}", "upstream_request_id": "",
        "ip": "",
        "other": json.dumps(other),
    }  # fmt: skip
    return base | changes


def others() -> st.SearchStrategy[str]:
    """What `other` may hold, junk included."""
    millis = st.one_of(st.none(), st.integers(-1000, 100_000), st.floats(0, 1e6))
    tags = st.one_of(
        st.none(),
        st.fixed_dictionaries({}, optional={
            "notebook": st.sampled_from(["/n/a.ipynb", "/n/b.ipynb"]),
            "cell": st.sampled_from("xyz"),
        }),
    )  # fmt: skip
    record = st.fixed_dictionaries(
        {},
        optional={
            "frt": millis, "duration_ms": millis, "cache_tokens": st.integers(0, 1000),
            "quota_owed": st.integers(0, 10**6), "tags": tags,
            "status_code": st.sampled_from([429, 500]),
            "error_code": st.sampled_from(["a", "b", None]),
        },
    )  # fmt: skip
    return st.one_of(record.map(json.dumps), st.sampled_from(["", "{broken", "[1]", "null"]))


def stored_rows() -> st.SearchStrategy[list[Row]]:
    """Rows as a store can hold them."""
    one = st.builds(
        row,
        created_at=st.integers(BEGIN, BEGIN + 10 * 86_400),
        type=st.sampled_from([2, 2, 2, 5, 6, 1, 4, 0]),
        token_id=st.integers(1, 2),
        token_name=st.sampled_from(["k", "K", "other key"]),
        model_name=st.sampled_from(MODELS),
        quota=st.integers(0, 10**12),
        prompt_tokens=st.integers(0, 10**6),
        completion_tokens=st.integers(0, 10**6),
        use_time=st.integers(0, 1000),
        content=st.sampled_from(["", "upstream 500", "b"]),
        other=others(),
    )
    numbered = st.lists(one, max_size=25)
    return numbered.map(lambda rows: [r | {"id": n} for n, r in enumerate(rows, 1)])


def travelled_rows() -> st.SearchStrategy[list[Row]]:
    """Rows as another gateway may send them: with nulls and with columns missing."""

    def holes(rows: list[Row], gone: list[set[str]]) -> list[Row]:
        return [
            {name: None if name in lost else value for name, value in each.items()}
            for each, lost in zip(rows, gone, strict=False)
        ]

    # a row that has no time belongs to no day
    names = st.sampled_from(sorted(row().keys() - {"created_at"}))
    lost = st.lists(st.sets(names, max_size=4), min_size=25, max_size=25)
    return st.builds(holes, stored_rows(), lost)


def write_store(path: Path, rows: Iterable[Row]) -> str:
    """A store with these rows in its log; its URL."""
    url = f"sqlite:///{path}"
    store = open_store(url)
    with store.writing() as connection:
        connection.execute(logs.delete())
        if kept := list(rows):
            connection.execute(insert(logs), kept)
    store.close()
    return url
