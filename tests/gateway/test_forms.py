"""Multipart bodies: read however they are cut, refused where they are broken."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, strategies as st
from starlette.requests import Request

from nexhina_nb.errors import BadRequest, TooLarge
from nexhina_nb.gateway.forms import MOST_FIELDS, MOST_FILES, body_of, read_form
from nexhina_nb.gateway.upstreams.base import Form, Upload

Part = tuple[str, str | None, bytes]  # name, file name, content
BOUNDARY = "nx----7"


def body(parts: Sequence[Part], boundary: str = BOUNDARY) -> bytes:
    lines = []
    for name, filename, content in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        lines.append(head.encode() + content + b"\r\n")
    return b"".join(lines) + f"--{boundary}--\r\n".encode()


def request(pieces: Sequence[bytes], content_type: str | None = None) -> Request:
    told = content_type or f"multipart/form-data; boundary={BOUNDARY}"
    scope = {
        "type": "http", "method": "POST", "path": "/", "query_string": b"", "app": object(),
        "headers": [(b"content-type", told.encode())],
    }  # fmt: skip
    left = list(pieces)

    async def receive() -> dict[str, Any]:
        piece = left.pop(0) if left else b""
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    return Request(scope, receive)


def read(*pieces: bytes, limit: int = 1 << 30, content_type: str | None = None) -> Any:
    """The fields, the files with their content, and the body that they make."""

    async def scene() -> Any:
        async with read_form(request(pieces, content_type), limit) as form:
            files = [(row.name, row.filename, row.file.read()) for row in form.files]
            return form.fields, files, body_of(form)

    return asyncio.run(scene())


NAMES = st.sampled_from(["file", "image[]", "model", "x y", "größe"])
PARTS = st.lists(st.tuples(NAMES, st.sampled_from([None, "a.png", ""]), st.binary(max_size=50)))


@given(PARTS, st.lists(st.integers(0, 2000), max_size=4))
def test_a_form_is_the_same_however_it_is_cut(parts: list[Part], cuts: list[int]) -> None:
    parts = [(n, f, c if f is not None else c.hex().encode()) for n, f, c in parts]
    whole = body(parts)
    places = sorted({0, *(cut for cut in cuts if cut < len(whole)), len(whole)})
    fields, files, _ = read(*(whole[a:b] for a, b in pairwise(places)))
    assert fields == tuple((n, c.decode()) for n, f, c in parts if f is None)
    assert files == [(n, f, c) for n, f, c in parts if f is not None]


@given(PARTS, st.data())
def test_a_form_that_is_cut_off_is_none(parts: list[Part], data: st.DataObject) -> None:
    whole = body(parts)
    end = data.draw(st.integers(0, len(whole) - 5))
    with pytest.raises(BadRequest) as wrong:
        read(whole[:end])
    assert wrong.value.code == "invalid_form"


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"no form at all", None),
        (body([("a", None, b"1")], "other"), None),
        (body([]), "multipart/form-data"),
        (b"--nx----7\r\nContent-Disposition: form-data\r\n\r\n1\r\n--nx----7--\r\n", None),
        (b"--nx----7\r\nContent Disposition\r\n\r\n1\r\n--nx----7--\r\n", None),
        (body([("f", "a", b"")] * (MOST_FILES + 1)), None),
        (body([("f", None, b"")] * (MOST_FIELDS + 1)), None),
        (body([("f", None, bytes(9 << 20))]), None),
    ],
)
def test_what_is_no_form(content: bytes, content_type: str | None) -> None:
    with pytest.raises(BadRequest) as wrong:
        read(content, content_type=content_type)
    assert (wrong.value.status_code, wrong.value.code) == (400, "invalid_form")


def test_a_limit_counts_all_bytes() -> None:
    whole = body([("f", "a", bytes(2 << 20))])
    with pytest.raises(TooLarge):
        read(whole[: 1 << 20], whole[1 << 20 :], limit=2 << 20)
    assert len(read(whole, limit=len(whole))[1][0][2]) == 2 << 20


def test_text_after_the_end_is_not_read() -> None:
    assert read(body([("a", None, b"1")]) + b"an epilogue")[2] == {"a": "1"}


def test_files_are_closed_with_the_form() -> None:
    async def scene() -> Form:
        async with read_form(request([body([("f", "a", bytes(2 << 20))])]), 1 << 30) as form:
            assert not form.files[0].file.closed
        return form

    assert asyncio.run(scene()).files[0].file.closed


def test_names_that_come_again_are_a_list() -> None:
    fields = (("a", "1"), ("b[]", "x"), ("c", "1"), ("c", "2"))
    files = (Upload("image", "i.png", "image/png", None, 3),)  # type: ignore[arg-type]
    assert body_of(Form(fields, files)) == {
        "a": "1",
        "b": ["x"],
        "c": ["1", "2"],
        "image": {"filename": "i.png", "size": 3},
    }
