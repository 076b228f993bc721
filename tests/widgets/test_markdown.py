"""Whatever a model writes, its HTML runs nothing, loads nothing, and links only outwards."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.widgets.markdown import render

TAGS = {
    "a", "blockquote", "br", "code", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol",
    "p", "pre", "s", "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {"class", "href", "rel", "start", "style", "target", "title"}
ATTACKS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))",
    "[a](JaVaScRiPt&colon;alert(1))", "![a](javascript:alert(1))", "[a](data:text/html,<script>)",
    "![a](https://e.example/?q=secret)", "<javascript:alert(1)>", "[a](vbscript:x)",
    "[a](//e.example)",
    "[a]: javascript:alert(1)\n\n[a]", '[a](https://e.example "x\\" onclick=\\"y")',
    "</code></pre><script>",
    "```html\n<script>alert(1)</script>\n```", "```\"onclick=x\ny\n```", "<style>*{}</style>",
    "[a](file:///etc)",
    "|a|\n|:-:|\n|<b onclick=x>|", "<svg/onload=alert(1)>", "[a](http://[)",
    "```python\n'<b>'\n```",
]  # fmt: skip


class Found(HTMLParser):
    """All elements with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def check(text: str) -> None:
    for tag, attributes in Found(render(text)).elements:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES
        assert attributes.get("style") in (
            None,
            *(f"text-align:{side}" for side in ("left", "right", "center")),
        )
        if tag == "a" and attributes:
            assert str(attributes["href"]).lower().startswith(("http://", "https://", "mailto:"))
            assert attributes["rel"] == "noopener noreferrer nofollow"


@pytest.mark.parametrize("text", ATTACKS)
def test_attacks_are_inert(text: str) -> None:
    check(text)


@pytest.mark.parametrize("text", ["[x]()", "![x]()", "[x](<>)"])
def test_a_link_to_nowhere_is_no_link(text: str) -> None:
    check(text)
    assert "href" not in render(text)


@given(
    st.lists(
        st.sampled_from([*ATTACKS, "\n", "\n\n", "> ", "- ", "`", "**", "[", "](", ")", "<", '"']),
        max_size=8,
    )
)
def test_mixed_attacks_are_inert(parts: list[str]) -> None:
    check("".join(parts))


@given(st.text(max_size=60))
def test_any_text_is_inert(text: str) -> None:
    check(text)


def test_what_it_renders() -> None:
    html = render(
        "**b** `c` [l](https://e.example)\n\n```python\nx = 1  # y\n```\n\n|a|\n|-|\n|$1|"
    )
    assert "<strong>b</strong> <code>c</code>" in html
    assert '<a href="https://e.example" target="_blank"' in html
    assert '<span class="c1"># y</span>' in html
    assert "<td>$1</td>" in html


def test_a_picture_is_a_link() -> None:
    assert render("![a cat](https://e.example/c.png)") == (
        '<p><a href="https://e.example/c.png" target="_blank" '
        'rel="noopener noreferrer nofollow">a cat ↗</a></p>\n'
    )
