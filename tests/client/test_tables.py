from __future__ import annotations

import re

from hypothesis import given, strategies as st

from nexhina_nb.client.tables import MAX_ROWS, as_html, as_text, mimebundle

EVIL = '<script>alert("x")</script>'


def test_html_is_escaped() -> None:
    table = as_html([EVIL], [[EVIL]])
    assert "<script" not in table
    assert table.count("&lt;script&gt;") == 2


@given(st.text(max_size=30))
def test_no_cell_brings_a_tag_or_a_control_character(text: str) -> None:
    table = re.sub(r"<span>([$\\])</span>", r"\1", as_html(["c"], [[text]]))
    assert table.count("<") == as_html(["c"], [["x"]]).count("<")
    assert as_text(["c"], [[text]]).count("\n") == 1
    assert "\x1b" not in table + as_text(["c"], [[text]])


def test_two_signs_of_mathematics_are_never_in_one_text() -> None:
    # A front end would set what stands between them as mathematics.
    assert "<span>$</span>1 to <span>$</span>2" in as_html(["c"], [["$1 to $2"]])
    assert r"<span>\</span>(x<span>\</span>)" in as_html(["c"], [[r"\(x\)"]])


def test_text_is_in_columns() -> None:
    text = as_text(["name", "n"], [["a\nb", 1], [None, 0.5]])
    assert text == "name  n\na b   1\n      0.5000"


def test_long_tables_and_cells_are_cut_and_say_so() -> None:
    bundle = mimebundle(["n"], [["x" * 500]] * (MAX_ROWS + 1))
    for shown in bundle.values():
        assert f"{MAX_ROWS + 1} rows in all" in shown
        assert shown.count("…") == MAX_ROWS + 1


def test_figures_and_money_stand_to_the_right() -> None:
    table = as_html(["model", "rows", "USD"], [["a", 1, "$0.25"], ["b", 2, "-$1.00"]])
    assert table.count("text-align:left") == 1 + 2  # the names and their head
    assert as_html(["document"], [["$5 off"]]).count("text-align:left") == 2
