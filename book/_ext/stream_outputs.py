"""Show what a cell prints as it was printed.

A kernel sends printed text in pieces, cut wherever its buffer happens to be flushed. MyST-NB
joins the pieces of a cell, but takes each for whole lines: a piece that begins with the end of
a line would show as an empty line, on some builds and not on others. So the pieces are joined
here, character by character, before MyST-NB sees them.
"""

from myst_nb.core import render

merge_whole_streams = render.coalesce_streams


def join_pieces(outputs):
    """Return the outputs of a cell with one entry for each stream, where its first piece was."""
    joined = []
    streams = {}
    for output in outputs:
        if output["output_type"] != "stream":
            joined.append(output)
        elif output["name"] in streams:
            streams[output["name"]]["text"] += output["text"]
        else:
            streams[output["name"]] = output.copy()
            joined.append(streams[output["name"]])
    return joined


def merge_streams(outputs):
    """Merge the streams of a cell; takes the place of MyST-NB's own function."""
    return merge_whole_streams(join_pieces(outputs))


def setup(app):
    """Register with Sphinx."""
    render.coalesce_streams = merge_streams
    return {"parallel_read_safe": True, "parallel_write_safe": True}
