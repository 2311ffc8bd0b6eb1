"""How Sphinx makes the pages of this folder a site: ``make docs``."""

import importlib.metadata

project = "advi-harness"
author = "The harness developers"
release = importlib.metadata.version("advi-harness")

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "May I trust ADVI?"
html_show_copyright = False

myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
# `make notebook` executes it, and a test executes it again
nb_execution_mode = "off"

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
