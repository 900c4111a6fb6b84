"""Make pictures small enough to be stored, and to be sent to readers."""

import io

from PIL import Image

LARGE = 45_000  # bytes of a picture


def with_palette(picture, colors):
    """Return a PNG with a palette of so many colors. Figures look the same with 64."""
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(colors, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def small_enough(picture, colors=64):
    """Return a PNG: the same one, or if it is large, one with a palette of so many colors."""
    return with_palette(picture, colors) if len(picture) > LARGE else picture
