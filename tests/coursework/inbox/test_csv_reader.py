"""CSV files: read as spreadsheets save them, and written so that none has a formula."""

import csv
import io

import pytest

from coursework.grader.inbox.csv_reader import read_csv
from coursework.grader.model import GraderError

# Reading

ROWS = [("student", "name"), ("ann", "Zo\u00eb, Lee"), ("bob", 'Bo "B"; C|D\tE')]


def write_csv(separator):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(ROWS)
    return out.getvalue()


def read(folder, data):
    path = folder / "class.csv"
    path.write_bytes(data)
    return list(read_csv(path, ["student", "name"], ["student"]))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_all_that_spreadsheets_write_is_read(tmp_path, separator, told, encoding):
    text = (f"sep={separator}\r\n" if told else "") + write_csv(separator)
    found = read(tmp_path, text.encode(encoding))
    assert found == [
        (number, dict(zip(ROWS[0], row, strict=True))) for number, row in enumerate(ROWS[1:], 2)
    ]


@pytest.mark.parametrize(
    ("told", "separator"),
    [
        ("sep=;", ";"),
        ("sep=;;", ";"),
        ("SEP=;;;", ";"),
        ("sep=; ", ";"),
        ("sep=\t\t", "\t"),
        ('"sep=;"', ";"),
        ("sep=^", "^"),
        # Saved anew with another separator, which made a cell of the line and left others empty.
        ("sep=;,", ","),
        ('"sep=;",,', ","),
        ("sep=,;;", ";"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_line_that_names_the_separator_may_be_padded(tmp_path, told, separator, end):
    lines = [told, f"student{separator}name", f"ann{separator}Lee"]
    assert read(tmp_path, end.join(lines).encode()) == [(2, {"student": "ann", "name": "Lee"})]


def test_a_space_before_a_quotation_mark_is_not_part_of_the_cell(tmp_path):
    assert read(tmp_path, b'student, name\nann, "Lee, Ann"\n') == [
        (2, {"student": "ann", "name": "Lee, Ann"})
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blank_rows_missing_cells_and_other_columns_do_no_harm(tmp_path, end):
    lines = ["", "Section; STUDENT ;;name;", ";;;;", "A;ann;x;Lee;;;", "B;bob"]
    found = read(tmp_path, end.join(lines).encode())
    assert found == [
        (4, {"student": "ann", "name": "Lee"}),
        (5, {"student": "bob", "name": ""}),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"student,name\nann,Lee,Ann\n", "row 2: there are 3 cells, and the first row names 2"),
        (b"student,name\nann,Lee\n\nbob,B,,x\n", "row 4: there are 4 cells"),
        (b"student,name,name\n", "names the column 'name' twice"),
        (b"name,email\nann\n", "must have a column student; it has name, email"),
        (b"", "must have a column student; it has nothing"),
        (b"student\n\x81\n", r"no encoding that is read here \(byte 8\)"),
        (b'student\n"ann\n', "row 2: unexpected end of data"),
        (b"PK\x03\x04", "is a workbook of a spreadsheet: save it as 'CSV UTF-8'"),
        (b"\0s\0", "save it as 'CSV UTF-8'"),
        (b"student,name\0\nann,Lee\n", r"no encoding that is read here \(byte 12\): save it as"),
        ("student,name\nann,Lee\n".encode("utf-32"), "save it as 'CSV UTF-8'"),
        (b"sep=;x\nstudent;name\n", "must have a column student; it has sep="),
        (b"student\n" + b"x" * 200_000, "row 2: field larger than field limit"),
        (b"x" * 200_000, "row 1: field larger than field limit"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_row(tmp_path, data, words):
    with pytest.raises(GraderError, match=words):
        read(tmp_path, data)
