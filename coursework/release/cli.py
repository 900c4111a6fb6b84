"""The command ``python -m coursework.release``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from coursework.files import write_atomically
from coursework.grader.model import GraderError, parse_variant
from coursework.release.master import ROOT, book_address, names_with, release_all
from coursework.release.nbgrader_runs import ReleaseError

OUT = ROOT / "_build" / "coursework"
SOLUTIONS = ROOT / "_build" / "coursework-solutions"
PUBLIC = (ROOT / "book", ROOT / "_build" / "html", OUT)


def write(path, text):
    """Write a file whole or not at all. One that is the same already keeps its date."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_atomically(path, text)


def folder_of(base, chosen):
    """Return where a variant goes: beside the public one, never in its place."""
    return base / "-".join(f"{key}-{value}" for key, value in sorted(chosen.items()))


def check_folders(options, chosen):
    """Raise an error if solutions, or the pages of a variant, would be where the site is made."""
    if options.pages and chosen:
        raise ReleaseError("the book shows the assignments without a variant")
    if options.solutions is None:
        return
    place = options.solutions.resolve()
    for folder in PUBLIC:
        if place.is_relative_to(folder):
            raise ReleaseError(f"solutions do not go into {options.solutions}: the site is there")


def parse(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m coursework.release", description="Make the students' notebooks."
    )
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="hw1, say; if none is named, all that have the parameters",
    )
    parser.add_argument("--variant", default="", help='parameters, such as "base=2"')
    parser.add_argument("--out", type=Path, help="the folder for the students' notebooks")
    parser.add_argument(
        "--solutions",
        type=Path,
        nargs="?",
        const=SOLUTIONS,
        help="write the versions with solutions, too, into this folder",
    )
    parser.add_argument("--pages", type=Path, help="the folder for the pages of the book")
    parser.add_argument(
        "--book-url",
        metavar="URL",
        help="where the book is, for links to its chapters; else BOOK_URL, or _config.yml, says it",
    )
    return parser.parse_args(arguments)


def main(arguments=None):
    """Release the assignments that are named, or all, and return the exit status."""
    options = parse(arguments)
    try:
        chosen = parse_variant(options.variant)
        check_folders(options, chosen)
        address = book_address(options.book_url)
        names = options.names or names_with(chosen)
        with tempfile.TemporaryDirectory(prefix="coursework-") as course:
            released = release_all(names, chosen, address, Path(course))
    except (GraderError, ReleaseError) as error:
        print(error, file=sys.stderr)
        return 1

    places = {}
    for path, text in files(released, options, chosen):
        write(path, text)
        places.setdefault(path.parent, []).append(path.name)
    for folder, written in places.items():
        print(f"{folder}: {', '.join(written)}")
    return 0


def files(released, options, chosen):
    """Yield the path and the text of each file that the options ask for."""
    solutions = options.solutions
    if solutions == SOLUTIONS:
        solutions = folder_of(SOLUTIONS, chosen)
    for name, texts in released.items():
        out = options.out or folder_of(OUT, chosen)
        yield out / f"{name}.ipynb", texts.student
        yield out / f"{name}.released.json", texts.record
        if solutions:
            yield solutions / f"{name}-solutions.ipynb", texts.solved
        if options.pages:
            yield options.pages / f"{name}.md", texts.page
