"""Models side by side."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from nexhina_nb.analysis.comparison import Comparison
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.estimate import Estimate, estimate
from nexhina_nb.pricing.price import Price

CATALOG = Catalog({}).with_overrides({
    "dear": Price.per_million(30, 60, source="list"),
    "cheap": Price.per_million(1, 2, source="http://g/api/pricing"),
    "<b>": Price.per_million(5, 6),
    "free": Price.per_million(0),
})  # fmt: skip


def of(model: str) -> Estimate:
    return estimate("chat", "hello", model=model, max_tokens=100, catalog=CATALOG)


def unknown() -> Estimate:
    return Estimate("chat", "nobody", 8, (0, 100), None, None, is_exact=False)


def test_the_cheapest_comes_first_and_the_unknown_last() -> None:
    made = Comparison.of([unknown(), of("dear"), of("<b>"), of("cheap"), of("free")])
    assert [row.model for row in made] == ["free", "cheap", "<b>", "dear", "nobody"]
    assert (len(made), made[1].model, made[-1:]) == (5, "cheap", (unknown(),))
    assert made.cheapest is made[0]
    assert Comparison.of([unknown()]).cheapest is Comparison.of([]).cheapest is None


def test_the_table() -> None:
    made = Comparison.of([of("dear"), unknown(), of("cheap")])
    frame = made.frame()
    assert frame["model"].to_list() == ["cheap", "dear", "nobody"]
    assert frame["most USD"].to_list() == [Decimal("0.000208"), Decimal("0.00624"), None]
    assert frame["source"].to_list() == ["http://g/api/pricing", "list", "unknown"]
    assert frame["most output"].to_list() == [100, 100, 100]
    lines = repr(made).splitlines()
    assert lines[1].split() == [
        "cheap",
        "8",
        "0",
        "100",
        "$0.000008",
        "$0.000208",
        lines[1].split()[-1],
    ]
    assert lines[3].split()[-3:] == ["unknown"] * 3
    assert "cheap, dear: at most max_tokens = 100." in lines
    assert Comparison.of([]).frame().empty


def test_it_shows_itself_as_table_and_plot() -> None:
    made = Comparison.of([of("dear"), of("<b>"), of("free"), unknown()])
    data, _ = made._repr_mimebundle_()
    assert data["text/plain"] == repr(made)
    assert "&lt;b&gt;" in data["text/html"]
    assert "<b>" not in data["text/html"]
    assert 'src="data:image/png;base64,iVBOR' in data["text/html"]
    # Nothing to draw: no plot.
    assert "<img" not in Comparison.of([unknown()])._repr_mimebundle_()[0]["text/html"]


def test_the_plot_has_a_bar_for_each_known_price() -> None:
    made = Comparison.of([of("dear"), of("cheap"), unknown()])
    (axes,) = made.figure().axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["dear", "cheap"]
    ends = sorted((bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches)
    assert [tuple(map(float, made[place].usd or ())) for place in (0, 1)] == [
        (round(least, 9), round(most, 9)) for least, most in ends
    ]
    assert axes.get_xscale() == "log"
    assert Comparison.of([of("free")]).figure().axes[0].get_xscale() == "linear"
    assert made.figure()._repr_png_().startswith(b"\x89PNG")
    assert Comparison.of([]).figure().png()


def test_a_floor_is_after_what_is_known_and_never_the_cheapest() -> None:
    floor = replace(of("cheap"), floor="more may come")
    made = Comparison.of([unknown(), floor, of("dear")])
    assert [row.model for row in made] == ["dear", "cheap", "nobody"]
    assert "cheap: a floor: more may come." in repr(made)
    alone = Comparison.of([floor, unknown()])
    assert alone.cheapest is None
    assert "<img" in alone._repr_mimebundle_()[0]["text/html"]  # what is known of it is drawn
