"""Text from submissions, made safe for a reader, a terminal and a spreadsheet.

Messages, answers and file names come from students. Escaping for HTML or Markdown is done where
the page is written.
"""

import re

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
    r"[+-](?:(?=\.?[0-9])[0-9]{0,30}\.?[0-9]{0,30}(?:e[+-]?[0-9]{1,9})?|inf) *(?:[])},]|$)"
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


def join(*parts):
    """Return the parts that say something as one text."""
    return "; ".join(part for part in parts if part)


def safe_cell(text):
    """Return a text for a cell of a CSV, so that no spreadsheet takes any of it for a formula.

    An apostrophe is put before a sign that begins a formula, as OWASP advises
    (https://owasp.org/www-community/attacks/CSV_Injection), also after a separator: a program
    that splits cells at another one than the file has does not see the quotation marks around
    a cell. Numbers in a list, such as ``[1, -2]``, stay as they are. `plain_cell` undoes it.
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
