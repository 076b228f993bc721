"""The documentation site: ``python -m sphinx -W docs build/docs``.

Nothing is asked from outside, neither while the site is built nor while it is read: no analytics,
no fonts, no scripts from elsewhere. Notebooks are shown with the outputs they were saved with;
``docs/notebooks`` holds a link to each (`notebook_link`).
"""

from __future__ import annotations

import sys
from dataclasses import is_dataclass
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer

from nexhina_nb import __version__

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
from notebook_link import ROOT
from reference_python import without_sources

project = "nexhina_nb"
author = "the nexhina_nb developers"
copyright = author
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["**/.ipynb_checkpoints"]
nitpicky = True
smartquotes = False  # they turn --option into –option
# Types of signatures: most are those of other packages, which have no page here.
nitpick_ignore_regex = [("py:class", ".*")]

# Markdown. Headings down to the third level may be linked to, as on any forge.
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_custom_formats = {".nblink": "notebook_link.read"}
nb_ipywidgets_js = {}  # they would come from a CDN

# Python. Docstrings put code between single backticks; types are those of the source.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

html_theme = "furo"
html_title = f"nexhina_nb {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_permalinks_icon = "#"


def _name_notebooks(app: Sphinx, env: BuildEnvironment, _docnames: list[str]) -> None:
    # Markdown links lead to the notebooks themselves, so that they work on a forge as well.
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        env.project._path_to_docname[path] = f"notebooks/{path.stem}"


def _forget_overloads(module: str) -> None:
    # Autodoc prefers the overloads in the source even to a signature that is written out.
    analyzer = ModuleAnalyzer.for_module(module)
    analyzer.analyze()
    analyzer.overloads.clear()


def _hide_making(
    _app: Sphinx, what: str, name: str, thing: object, *_: object
) -> tuple[str, str] | None:
    # Replies are made by the client; their fields are worth showing, their constructors are not.
    is_reply = what == "class" and name.startswith("nexhina_nb.client.")
    return ("", "") if is_reply and not is_dataclass(thing) else None


def _without_sources(
    _app: Sphinx, _what: str, _name: str, _thing: object, _options: object, lines: list[str]
) -> None:
    lines[:] = without_sources("\n".join(lines)).split("\n")


def setup(app: Sphinx) -> None:
    """Sphinx calls this when it reads the configuration."""
    for module in ("nexhina_nb.client.sync", "nexhina_nb.client.aio"):
        _forget_overloads(module)
    app.connect("env-before-read-docs", _name_notebooks)
    app.connect("autodoc-process-signature", _hide_making)
    app.connect("autodoc-process-docstring", _without_sources)
