"""How the pages become HTML: `make docs`."""

from __future__ import annotations

project = "esign"
project_copyright = "its authors"
extensions = ["myst_parser"]
html_theme = "furo"
root_doc = "docs/index"
include_patterns = [
    "*.md",
    "docs/index.rst",
    "docs/**.md",
    "providers/*/README.md",
    "cassettes/**.md",
]
exclude_patterns = ["docs/_generate", "build", ".venv"]
myst_heading_anchors = 3
"""Headings down to this depth can be linked to, as they can be in the repository."""
