"""Offer the whole book as one file, where `make epub` or `make pdf` has made it.

The site takes a copy, and each page's download menu leads to it. Where there is no such file, the
menu says nothing of it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

MADE = {".epub": "epub", ".pdf": "latex"}  # the folders of the builders


def find_files(app, config):
    """Note which files there are; Sphinx writes all pages anew when that changes."""
    build = Path(app.outdir).parent
    paths = [build / folder / f"{config.epub_basename}{kind}" for kind, folder in MADE.items()]
    config.book_files = [str(path) for path in paths if path.exists()]


def add_downloads(app, pagename, templatename, context, doctree):
    """Put the files at the end of a page's download menu."""
    for button in context.get("header_buttons", []):
        if button.get("label") == "download-buttons":
            for path in map(Path, app.config.book_files):
                kind = path.suffix.removeprefix(".")
                button["buttons"].append(
                    {
                        "type": "link",
                        "url": context["pathto"](path.name, 1),
                        "text": f"book{path.suffix}",
                        "icon": "fas fa-book",
                        "tooltip": f"Download the whole book as {kind.upper()}",
                        "label": f"download-{kind}-button",
                    }
                )


def copy_files(app, exception):
    """Copy the files into the site."""
    if exception is None and app.builder.name == "html":
        for path in app.config.book_files:
            shutil.copy(path, app.outdir)


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("book_files", [], "html", list)
    app.connect("config-inited", find_files)
    # The theme fills its menus at priority 501, notebooks.py at 502.
    app.connect("html-page-context", add_downloads, priority=503)
    app.connect("build-finished", copy_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
