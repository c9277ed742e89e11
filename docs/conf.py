"""How `make docs` builds the site; see https://www.sphinx-doc.org/en/master/usage/configuration.html."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for the modules beside this file
sys.path.insert(0, str(Path(__file__).parents[1]))

from command_line import commands_in_markdown
from docstrings import escape_markup
from sphinx.application import Sphinx
from without_network import refuse_foreign

from workbench import __version__

project = "Self-Healing tinyML Audio Workbench"
author = "The Self-Healing tinyML Audio Workbench authors"
copyright = author
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["notebooks/pictures", "**/.ipynb_checkpoints"]
html_theme = "furo"
html_title = project
html_show_sourcelink = html_copy_source = False

# Markdown and notebooks: shown as they are stored, never run here.
nb_execution_mode = "off"
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

# Docstrings: single backticks are code, types come from the annotations.
default_role = "code"
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # a list, so that a property may have the name of an attribute
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_preserve_defaults = False
autodoc_class_signature = "mixed"
python_use_unqualified_type_names = True


def _with_commands(app: Sphinx, page: str, source: list[str]) -> None:
    """Put the reference of all commands where the page of the command line asks for it."""
    if page == "command-line":
        source[0] = source[0].replace("<!-- commands -->", commands_in_markdown())


def setup(app: Sphinx) -> None:
    """Connect what Sphinx does not do by itself."""
    app.connect("source-read", _with_commands)
    app.connect("autodoc-process-docstring", escape_markup, priority=400)  # before napoleon
    app.connect("build-finished", refuse_foreign)
