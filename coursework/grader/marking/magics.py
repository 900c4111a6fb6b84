"""What Jupyter reads beyond Python: prompts, magics and shell lines, as IPython makes Python of it.

Nothing of a cell is run here. In the sandbox, `get_ipython()` is an object that does nothing.
"""

import ast
import re
import warnings

# Cell magics whose cell is Python; the cells of all others (%%bash, %%html) are not.
PYTHON_MAGICS = {"time", "timeit", "capture", "prun"}
LONGEST_LINE = 10_000  # in a longer one, IPython's search for prompts takes too long
# IPython reads a cell anew after each change. So many characters of one notebook are read in all,
# which takes up to half a minute; an honest one has a tenth of them, and takes a second.
MAX_WORK = 2_000_000
_SPECIAL = re.compile(r"[%!?]|^[ \t]*(?:>>>|\.{3}|\[|In \[|[,;/])", re.MULTILINE)
_MAGIC_LINE = re.compile(r"^[%!].*", re.MULTILINE)
_CELL_MAGIC = re.compile(r"%%(\w+)")
_TIMED = re.compile(
    r"get_ipython\(\)\.run_line_magic\('(?:time|timeit)', "
    r"""((?!.-)(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))\)$""",
    re.MULTILINE,
)


def to_python(sources):
    """Return the sources of a notebook's code cells without what is not Python in them.

    Lines keep their numbers. ``%time f()`` and a cell with ``%%time`` become the Python that
    they time. Where IPython cannot read a cell, or reading it would take so long that only an
    attacker can want it, only lines that begin with ``%`` or ``!`` are left out.
    """
    left = MAX_WORK
    cells = []

    def spend(lines):
        """Count some lines that are about to be read."""
        nonlocal left
        cost = 1000 + 20 * len(lines) + sum(map(len, lines))
        if cost > left or max(map(len, lines)) > LONGEST_LINE:
            raise OverflowError("too much work")
        left -= cost

    for source in sources:
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        if _SPECIAL.search(source):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    source = _transform(source, spend)
            except Exception:  # what is still not Python, Python complains of
                source = _MAGIC_LINE.sub("pass", source)
        cells.append(source)
    return cells


def _transform(source, spend):
    """Return a cell as Python; `spend` is called with the lines that are read."""
    manager = _make_manager()
    lines = f"{source}\n".splitlines(keepends=True)
    skipped = 0
    while True:
        spend(lines)
        count = len(lines)
        for clean in manager.cleanup_transforms:
            lines = clean(lines)
        skipped += count - len(lines)  # blank lines
        magic = _CELL_MAGIC.match(lines[0])
        if not magic:
            break
        if magic[1] not in PYTHON_MAGICS:
            return ""
        skipped += 1
        lines = lines[1:] or ["\n"]
    changed = True
    while changed:
        spend(lines)
        before = lines
        changed, lines = manager.do_one_token_transform(before)
        lines = _keep_numbers(before, lines)
    source = _TIMED.sub(lambda call: ast.literal_eval(call[1]), "".join(lines))
    return "\n" * skipped + source.rstrip("\n")


def _make_manager():
    """Return IPython's transformers, without the search for the name that `name?` asks about.

    It takes a time that grows with the square of the line.
    """
    # Here, for it takes half a second and few notebooks need it.
    from IPython.core.inputtransformer2 import HelpEnd, TransformerManager

    class Help(HelpEnd):
        def transform(self, lines):
            begin = lines[self.start_line][: self.start_col]
            return [*lines[: self.start_line], f"{begin}pass\n", *lines[self.q_line + 1 :]]

    manager = TransformerManager()
    manager.token_transformers = [Help if t is HelpEnd else t for t in manager.token_transformers]
    return manager


def _keep_numbers(before, after):
    """Return lines with blank ones in place of those that were joined to the line before."""
    joined = len(before) - len(after)
    if joined <= 0:
        return after
    same = zip(before, after, strict=False)
    first = next((number for number, (old, new) in enumerate(same) if old != new), len(after) - 1)
    return [*after[: first + 1], *["\n"] * joined, *after[first + 1 :]]
