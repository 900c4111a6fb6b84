"""Make pictures small enough to be stored."""

import io

from PIL import Image


def with_palette(picture, colors):
    """Return a PNG with a palette of so many colors. Figures look the same with 64."""
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(colors, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
