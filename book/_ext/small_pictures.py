"""Make pictures small enough to be stored, and to be sent to readers."""

import io

from PIL import Image

LARGE = 45_000  # bytes of a picture


def with_palette(picture, colors):
    """Return a PNG on white with a palette of so many colors. Figures look the same with 64."""
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    image = Image.alpha_composite(white, image).convert("RGB")
    image.quantize(colors, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def shrink_png(picture, colors=64):
    """Return a PNG: with a palette of so many colors if it is large and has none, else as it is."""
    if len(picture) <= LARGE or Image.open(io.BytesIO(picture)).mode == "P":
        return picture
    return with_palette(picture, colors)
