"""Pictures computed from a prompt, drawn and edited offline.

A prompt is read into a plan (`reading`), the plan becomes layers (`composition`), and layers are
painted on a canvas. Nothing is learned or looked up: what the words do not name is not drawn.
"""

from __future__ import annotations

from nexhina_nb.engines.images.editing import edit
from nexhina_nb.engines.images.files import encode
from nexhina_nb.engines.images.painting import describe, draw

__all__ = ["describe", "draw", "edit", "encode"]
