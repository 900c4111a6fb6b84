"""Make pictures small enough to be stored, and to be sent to readers.

To find a palette takes a tenth of a second. So a process begins with the pictures of a page as soon
as Sphinx has read it, and goes on beside the reading of the next ones.
"""

import io
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from PIL import Image

LARGE = 45_000  # bytes of a picture
IN_NOTEBOOKS, ON_PAGES = 64, 128  # colors; with fewer, smooth shading has steps

small = {}  # (picture, colors) -> the picture with a palette, as far as the process came


def with_palette(picture, colors):
    """Return a PNG on white with a palette of so many colors. Figures look the same with 64."""
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    image = Image.alpha_composite(white, image).convert("RGB")
    image.quantize(colors, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def shrink_png(picture, colors=IN_NOTEBOOKS):
    """Return a PNG: with a palette of so many colors if it is large and has none, else as it is."""
    if not is_large(picture):
        return picture
    return small.get((picture, colors)) or with_palette(picture, colors)


def is_large(picture):
    """Return whether a PNG has many bytes and no palette."""
    return len(picture) > LARGE and Image.open(io.BytesIO(picture)).mode != "P"


def start(app):
    """Start the process, if the site is built."""
    if app.builder.name == "html":
        app.picture_process, app.picture_tasks = ProcessPoolExecutor(1), {}
        app.connect("doctree-read", begin, priority=600)  # Sphinx has noted the pictures by then
        app.connect("write-started", finish, priority=400)  # before the notebooks are begun
        app.connect("build-finished", finish)  # where reading has failed


def begin(app, doctree):
    """Begin with the pictures of a page that has been read."""
    for name, (pages, _) in app.env.images.items():
        if app.env.docname not in pages or not name.endswith(".png"):
            continue
        picture = Path(app.srcdir, name).read_bytes()
        for colors in (IN_NOTEBOOKS, ON_PAGES) if is_large(picture) else ():
            task = app.picture_process.submit(with_palette, picture, colors)
            app.picture_tasks[picture, colors] = task


def finish(app, *_):
    """End the process. What it has not begun with is left to those who ask for it."""
    app.picture_process.shutdown(cancel_futures=True)
    tasks = app.picture_tasks.items()
    small.update({key: task.result() for key, task in tasks if not task.cancelled()})


def setup(app):
    """Register with Sphinx."""
    app.connect("builder-inited", start)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
