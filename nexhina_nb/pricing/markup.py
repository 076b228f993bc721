"""Text for HTML outputs, of which money is a part."""

from __future__ import annotations

import html
import re


def escaped(text: str) -> str:
    """Text as HTML. Dollar signs and backslashes get elements of their own: JupyterLab sets what
    stands between two of them in one text as mathematics, and "$1 to $2" would lose its signs.
    """
    return re.sub(r"[$\\]", r"<span>\g<0></span>", html.escape(text))
