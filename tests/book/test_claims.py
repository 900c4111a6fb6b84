"""Each claim of the notes and courses is run; the page on mistakes tells what was found."""

import inspect
import re
from collections import Counter

import pytest
from claim_list import read_lists

from tests.claims import function_of, is_run, named, outcome, printed, read_claims
from tests.claims.mutants import EXPECTED, noticed
from tools.references import ROOT

CLAIMS = read_claims()
FAILING = [claim for claim in CLAIMS if claim["verdict"] == "fails"]
PAGE = ROOT / "book" / "mistakes.md"
RUN = [claim for claim in CLAIMS if is_run(claim)]
FAILING_RUN = [claim for claim in FAILING if is_run(claim)]
# In these the note's number is wrong and nothing else, so no other computation makes it right. What
# is computed is held by their repairs.
WRONG_NUMBERS = {
    "n0-quotient-1",
    "n0-quotient-3",
    "n0-batch-row-2",
    "n0-batch-row-3",
    "n1-exp-of-0.8",
    "n1-softmax-1.5-0.8",
    "n1-chart-data",
    "n3-printed-vector",
    "n3-seal-percent",
    "n4-softmax-output",
    "course-softmax-12-5",
}
# The checks of `printed`, by their names, with their claims.
PRINTED = {
    claim["id"].replace("-", "_"): claim
    for claim in CLAIMS
    if hasattr(printed, claim["id"].replace("-", "_"))
}


def by_id(claims):
    return pytest.mark.parametrize("claim", claims, ids=[claim["id"] for claim in claims])


@by_id(RUN)
def test_claim_is_as_the_verdict_says(claim):
    holds = outcome(claim)
    assert holds == (claim["verdict"] == "holds"), (
        f"“{claim['claim']}” {'holds' if holds else 'fails'}; the verdict says {claim['verdict']}."
    )


@by_id(FAILING_RUN)
def test_repair_of_a_failing_claim_is_right(claim):
    assert outcome(claim, "repair", "_repaired"), f"The repair “{claim['right']}” is not right."


@by_id(RUN)
def test_check_can_have_the_other_outcome(claim):
    ignored = None if claim["id"] in WRONG_NUMBERS else EXPECTED
    assert any(what != ignored for what in noticed(claim)), (
        f"No fault in what it computes from changes the outcome of {claim['id']}. Rely on more, or "
        "give a change of the computation under `instead` that does."
    )


@by_id(FAILING_RUN)
def test_repair_can_fail(claim):
    assert any(noticed(claim, "repair", "_repaired")), f"Nothing makes {claim['id']}'s repair fail."


@pytest.mark.parametrize(
    "check",
    [
        "near(p, p)",
        "near(sm.softmax(z), sm.softmax(z))",
        "p.shape == p.shape",
        "sm.softmax(ROWS) is not None",
        "sm.softmax(z).size >= 0",
        "near(p, p) and 1 == 1",
        "0.5 < 1 and rounds(0.25, 0.25, 2)",
        "near(p.shape[0] - p.shape[0], 0, tolerance=1e-9)",
    ],
)
def test_a_check_that_cannot_fail_is_found(check):
    assert not any(noticed({"id": "useless", "check": check}))


def test_a_change_of_what_is_expected_is_told_apart():
    claim = {"id": "useless", "check": "rounds(p[0], 0.3, 1)", "instead": ["0.3", "0.2"]}
    assert next(noticed(claim)) == EXPECTED


@pytest.mark.parametrize("name", PRINTED)
def test_printed_code_is_as_the_verdict_says(name):
    claim = PRINTED[name]
    text = printed.note(claim["source"])
    if text is None:
        pytest.skip(f"{printed.VARIABLE} names no folder with the notes; their code was not run.")
    check = getattr(printed, name)
    holds = claim["verdict"] == "holds"
    assert bool(check(text)) == holds
    assert bool(check(printed.COUNTEREXAMPLES[name](text))) != holds


def test_every_claim_about_printed_code_has_a_check_of_it():
    assert printed.COUNTEREXAMPLES.keys() == PRINTED.keys()
    needed = {claim["id"] for claim in CLAIMS if claim.get("code") == "printed"}
    assert needed <= {claim["id"] for claim in PRINTED.values()}


def test_rows_are_complete():
    for claim in CLAIMS:
        assert_complete(claim)


def assert_complete(claim):
    allowed = {"source", "title", "id", "claim", "verdict"}
    if is_run(claim):
        allowed |= {"check", "instead"}
    if claim["verdict"] == "fails":
        allowed |= {"right", "repair"} if is_run(claim) else {"right"}
        assert claim["right"].endswith("."), claim
    assert set(claim) <= allowed | {"code", "read"}, f"{claim['id']} has too many entries."
    assert claim.get("code", "printed") in ("printed", "reimplemented"), claim
    assert claim["verdict"] in ("holds", "fails"), claim
    assert claim["claim"].endswith("."), claim
    prefix = "course" if claim["source"] == "course" else f"n{claim['source']}"
    assert claim["id"].startswith(prefix + "-"), claim


def test_no_claim_is_listed_twice():
    ids = [claim["id"] for claim in CLAIMS]
    assert len(set(ids)) == len(ids)


def test_every_named_check_belongs_to_a_claim():
    used = {function_of(claim) for claim in RUN if "check" not in claim}
    used |= {function_of(claim, "_repaired") for claim in FAILING_RUN if "repair" not in claim}
    named_checks = {
        function
        for name, function in inspect.getmembers(named, inspect.isfunction)
        if re.match(r"(n\d|course)_", name)
    }
    assert named_checks == used


def test_page_shows_every_claim():
    """The directive `claim-list` shows the rows, and here what it says of each is compared."""
    shown = [row for listed in read_lists(ROOT) for row in listed.rows]
    assert [row.claim for row in shown] == [claim["claim"] for claim in CLAIMS]
    assert all(bool(row.correction) == (not row.holds) for row in shown)


def test_page_states_the_counts():
    counts = {}
    for claim in CLAIMS:
        name = claim["source"] if claim["source"] == "course" else f"{claim['source']:03}"
        counts.setdefault(name, Counter())[claim["verdict"]] += 1
    notes = sum((count for name, count in counts.items() if name != "course"), Counter())
    rows = [*counts.items(), ("all notes", notes)]
    expected = {name: (count.total(), count["holds"], count["fails"]) for name, count in rows}
    row = r"^\| (\d{3}|all notes|course).* \| (\d+) \| (\d+) \| (\d+) \|$"
    found = re.findall(row, PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: tuple(map(int, numbers)) for name, *numbers in found} == expected


def test_marks_of_the_page_name_claims_that_fail():
    marks = re.findall(r"^% claims: (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    spoken_of = set(", ".join(marks).split(", "))
    assert spoken_of <= {claim["id"] for claim in FAILING}
