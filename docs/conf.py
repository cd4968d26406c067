"""Sphinx configuration: `pip install -e ".[docs]" && sphinx-build docs docs/_build`."""

from __future__ import annotations

project = "adgen"
extensions = ["myst_parser"]
html_theme = "furo"
myst_heading_anchors = 2
exclude_patterns = ["_build"]
