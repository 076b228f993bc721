"""Text for HTML outputs, of which money is a part."""

from __future__ import annotations

import html


def escaped(text: str) -> str:
    """Text as HTML. A dollar sign gets an element of its own: JupyterLab sets what stands between
    two of them in one text as mathematics, and "$1 to $2" would lose its signs.
    """
    return html.escape(text).replace("$", "<span>$</span>")
