"""The Markdown of an answer as HTML that is safe to put into a page.

A model writes what its prompt makes it write, and a prompt may hold a stranger's text. So HTML in
an answer is shown as text; links lead only to the web and to mail; and pictures are not loaded but
linked, since the address of a picture can carry away what the conversation holds.
"""

from __future__ import annotations

import functools
from collections.abc import MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

_SCHEMES = frozenset({"http", "https", "mailto"})
# Colouring tries every rule at every place, and an answer is rendered again as it grows.
_LONGEST_CODE = 20_000


class Safe(MarkdownIt):
    """CommonMark with tables and strikethrough, for text that nobody vouches for."""

    def validateLink(self, url: str) -> bool:
        """Whether a link may lead there."""
        try:
            return urlsplit(url).scheme.lower() in _SCHEMES
        except ValueError:
            return False


def render(text: str) -> str:
    """Markdown → HTML."""
    html: str = _parser().render(text)
    return html


@functools.cache
def _parser() -> Safe:
    parser = Safe("js-default", {"html": False, "linkify": False, "typographer": False})
    parser.options["highlight"] = _coloured
    parser.add_render_rule("link_open", _link)
    parser.add_render_rule("image", _picture)
    return parser


def _link(self: RendererHTML, tokens: Sequence[Token], place: int, options: Any, env: Any) -> str:
    _lead_away(tokens[place])
    return self.renderToken(tokens, place, options, env)


def _picture(
    self: RendererHTML,
    tokens: Sequence[Token],
    place: int,
    options: Any,
    env: MutableMapping[str, Any],
) -> str:
    token = tokens[place]
    label = self.renderInlineAsText(token.children, options, env) or "picture"
    link = Token("link_open", "a", 1, attrs={"href": str(token.attrs["src"])})
    _lead_away(link)
    return f"{self.renderToken([link], 0, options, env)}{escapeHtml(label)} ↗</a>"


def _lead_away(link: Token) -> None:
    if not link.attrs.get("href"):
        # `[text]()` would lead to the page itself, in a second tab.
        link.attrs = {}
        return
    link.attrs |= {"target": "_blank", "rel": "noopener noreferrer nofollow"}


def _coloured(code: str, language: str, _: str) -> str:
    """Code as HTML whose parts have the class names of Pygments; empty: leave it as it is."""
    if not language or len(code) > _LONGEST_CODE:
        return ""
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return ""
    html: str = highlight(code, lexer, HtmlFormatter(nowrap=True))
    return html
