"""Text on its way out: cleaned of what could mislead a reader, shortened, written whole.

Messages, answers and file names come from submissions. What is done here holds for every
place that they go to; escaping for HTML, Markdown or a spreadsheet is done at each place.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import jinja2

# Colors and cursor movements of a terminal (ECMA-48, section 5.4), as in IPython's tracebacks.
_TERMINAL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# Control characters, and characters that turn the direction of the text around or are invisible:
# with them a message could read otherwise than it is (Unicode Technical Report 36, section 2.7).
_MISLEADING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
# A sign that begins a formula (also in the wide forms of East Asian keyboards), and the spaces and
# quotation marks before it, of which a spreadsheet may take off some. It begins at their first, so
# that the search takes a time that grows with the text.
_SIGN = re.compile(r"(?<![\s'\"])(?P<before>[\s'\"]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_MARKED_SIGN = re.compile(_SIGN.pattern.replace("(?=", "'(?="))
_SEPARATORS = (",", ";", "|")  # and white space other than a space
_NUMBER = re.compile(
    r"[+-](?:(?=\.?[0-9])[0-9]{0,30}\.?[0-9]{0,30}(?:e[+-]?[0-9]{1,9})?|inf)(?:[])},]|$)"
)

_TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def clean(text):
    r"""Return a text whose control characters are visible, so that it reads as it is.

    Line ends become ``\n``; sequences for terminals are dropped; other control characters, and
    characters that turn the text around or are invisible, become their number, such as
    ``[U+202E]``; halves of surrogate pairs, which no file in UTF-8 can hold, become ``�``.
    """
    text = _TERMINAL.sub("", str(text)).replace("\r\n", "\n").replace("\r", "\n")
    text = _SURROGATES.sub("\ufffd", text)
    return _MISLEADING.sub(lambda match: f"[U+{ord(match[0]):04X}]", text)


def one_line(text):
    """Return a cleaned text with every run of white space as one space."""
    return " ".join(clean(text).split())


def shorten(text, longest=600):
    """Return a text of about `longest` characters at most: its middle is left out, and counted."""
    if len(text) <= longest:
        return text
    head, tail = longest * 2 // 3, longest // 4
    left_out = len(text) - head - tail
    return f"{text[:head]} […{left_out} characters left out…] {text[-tail:]}"


def in_points(points):
    """Return points as text: 7, 7.5, 33.33, never in powers of ten."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def in_hours(hours):
    """Return a time as text: 5 minutes, 1 hour, 2.5 hours."""
    if hours < 1:
        minutes = max(1, round(hours * 60))
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    text = f"{hours:.1f}".removesuffix(".0")
    return f"{text} hour{'' if text == '1' else 's'}"


def safe_cell(text):
    """Return a text for a cell of a CSV, so that no spreadsheet takes any of it for a formula.

    Where the text, or what follows a separator in it, begins with ``=``, ``+``, ``-`` or ``@``,
    an apostrophe is put before this sign, as OWASP advises
    (https://owasp.org/www-community/attacks/CSV_Injection). A program that splits cells at
    another separator than the file has does not see the quotation marks around a cell. So all
    of ``,``, ``;``, ``|``, tabs and line ends count. Numbers in a list, such as ``[1, -2]``, stay
    as they are. `plain_cell` takes the apostrophes off again.
    """
    return _SIGN.sub(lambda sign: f"{sign[0]}'" if _begins_cell(sign) else sign[0], text)


def plain_cell(text):
    """Return the text that `safe_cell` was given."""
    return _MARKED_SIGN.sub(lambda sign: sign["before"] if _begins_cell(sign) else sign[0], text)


def _begins_cell(sign):
    """Return whether a sign may be the first of a cell, and begin more than a plain number."""
    text, before = sign.string, sign["before"]
    if not sign.start() or before.strip(" '\""):
        return True
    last = text[sign.start() - 1]
    return last in _SEPARATORS and not (last == "," and _NUMBER.match(text, sign.end()))


def render(template, **values):
    """Return an HTML page from a template; all `values` are escaped in it."""
    return _TEMPLATES.get_template(template).render(values)


def write_whole(path, text, encoding="utf-8", *, flush=False):
    """Write a text file aside and rename it, so that nobody ever sees half of it.

    With `flush`, it is on the disk before it is renamed: also a machine that loses its power
    then has the file before or the one after.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-")
    try:
        with os.fdopen(descriptor, "w", encoding=encoding, newline="") as file:
            file.write(text)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        # mkstemp makes files for the owner alone; those that are handed out follow the umask.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(aside, 0o666 & ~umask)
        os.replace(aside, path)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
