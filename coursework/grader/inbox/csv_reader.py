"""Reading the CSV files that teachers make, as spreadsheets of many countries save them."""

import codecs
import csv
import io
import re
from pathlib import Path

from coursework.grader.model import GraderError

SEPARATORS = ",;\t|"


def read_csv(path, columns, required):
    """Yield the rows of a CSV file that are not blank: their numbers, and their cells by column.

    The first row, which has the number 1, names the columns, in upper or lower case. Only
    `columns` are read, and those of them in `required` must be there. Cells are separated by
    commas, semicolons, tabs or ``|``, or by what a first line such as ``sep=;`` says. Spaces around
    them are dropped, and those missing at the end of a row are empty. The text is in UTF-8 or
    UTF-16, with or without a byte order mark, or in Windows-1252.
    """
    rows = _split(path, columns)
    header = [cell.lower() for cell in next(rows, (1, []))[1]]
    absent = [name for name in required if name not in header]
    if absent:
        found = ", ".join(filter(None, header)) or "nothing"
        raise GraderError(
            f"{path}: the first row must have {'a column' if len(absent) == 1 else 'the columns'} "
            f"{', '.join(absent)}; it has {found}"
        )
    twice = [name for name in columns if header.count(name) > 1]
    if twice:
        raise GraderError(f"{path}: the first row names the column {twice[0]!r} twice")
    for number, cells in rows:
        if any(cells[len(header) :]):
            raise GraderError(
                f"{path}, row {number}: there are {len(cells)} cells, and the first row names "
                f"{len(header)} columns; a text that holds the separator needs quotation marks "
                "around it"
            )
        found = dict(zip(header, cells, strict=False))
        yield number, {name: found.get(name, "") for name in columns}


def read_former(path, columns):
    """Return the rows of a file that is to be written anew; refuse one without these columns."""
    try:
        return [row for _, row in read_csv(path, columns, columns)] if path.exists() else []
    except GraderError:
        raise GraderError(tell_foreign(path)) from None


def tell_foreign(path):
    """Return why a file that is there already is not written over."""
    return (
        f"--out {path} is there already, and this command did not write it: choose another --out, "
        "or remove the file"
    )


def _split(path, columns):
    text, separator = _read_separator(_decode(path), columns)
    lines = io.StringIO(text, newline="")
    number = 0
    try:
        reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
        for number, row in enumerate(reader, start=1):
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield number, cells
    except csv.Error as error:
        raise GraderError(f"{path}, row {number + 1}: {error}") from None


def _read_separator(text, columns):
    """Return the text without a first line such as ``sep=;``, and the separator.

    Where the separator of that line is followed by nothing or by itself, it counts. Other signs
    behind it are cells that were left empty when the file was saved anew, with another separator.
    """
    line = re.match(r"[\s\"']*sep=([^\r\n]*)(\r\n?|\n|$)", text, re.IGNORECASE)
    told = re.sub("[ \"']", "", line[1]) if line else ""
    if told and not told[1:].strip(SEPARATORS + told[0]):
        text = text[line.end() :]
        if not told.strip(told[0]):
            return text, told[0]
    return text, _find_separator(text, columns)


def _find_separator(text, columns):
    """Return the separator with which the first line names most columns."""
    line = next((line for line in text.splitlines() if line.strip()), "")

    def count(separator):
        cells = [cell.strip(" \"'").lower() for cell in line.split(separator)]
        return len(set(columns).intersection(cells)), len(cells)

    return max(SEPARATORS, key=count)


def _decode(path):
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise GraderError(f"{path} cannot be read: {error.strerror}") from None
    if data.startswith(b"PK\x03\x04"):
        raise GraderError(f"{path} is a workbook of a spreadsheet: save it as 'CSV UTF-8'")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    elif b"\0" in data[:2]:  # half of a plain letter in UTF-16
        encodings = ["utf-16-be" if data[0] == 0 else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            position = error.start
            continue
        if "\0" not in text:  # as in UTF-32
            return text
        position = len(text.partition("\0")[0].encode(encoding))
    raise GraderError(
        f"{path} is in no encoding that is read here (byte {position}): save it as 'CSV UTF-8' in "
        "Excel, or with the character set UTF-8 in LibreOffice"
    )
