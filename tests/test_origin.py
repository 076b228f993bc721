from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from nexhina_nb import origin
from nexhina_nb.client.session import checked_tags
from nexhina_nb.gateway.record import read_tags
from nexhina_nb.origin import Origin, current_origin, first_line, notebook_tag

# Also what `os.fsdecode` makes of bytes that are no text.
NAMES = st.text(st.characters(exclude_categories=()), max_size=400)


@given(NAMES, NAMES)
def test_tags_always_fit_into_their_header(notebook: str, cell: str) -> None:
    tags = Origin(notebook=notebook, cell=cell).tags()
    assert checked_tags(tags) == tags
    assert tags.get("notebook", "") == notebook_tag(notebook)


@pytest.mark.parametrize("folder", ["课程" * 80, "a b/" * 100, "🦆" * 200, "\udcff" * 400])
def test_of_a_long_path_the_end_is_told(folder: str) -> None:
    tags = Origin(notebook=f"/{folder}/lesson.ipynb", cell="c1").tags()
    assert tags["notebook"].endswith("/lesson.ipynb")
    assert tags["cell"] == "c1"
    assert checked_tags(tags) == tags


def test_what_is_not_known_is_not_told() -> None:
    assert Origin(notebook="/n/a.ipynb").tags() == {"notebook": "/n/a.ipynb"}
    assert Origin().tags() == read_tags("") == {}
    assert not current_origin().in_kernel


def test_the_line_that_tells_most() -> None:
    assert first_line("%%nexhina\n\n  Sum up \nall") == "Sum up"
    assert first_line("%nexhina cost") == "%nexhina cost"
    assert first_line("\n") == ""
    assert first_line("x" * 500) == "x" * 80


def test_the_end_of_a_long_path_is_looked_for_once() -> None:
    path = f"/{'ä' * 5000}/once.ipynb"
    first = notebook_tag(path)
    hits = origin._end.cache_info().hits
    assert notebook_tag(path) == first
    assert origin._end.cache_info().hits == hits + 1
