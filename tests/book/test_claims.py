"""Each claim of the notes and courses is run; the page on mistakes tells what was found."""

import inspect
import re

import pytest

from tests.claims import function_of, named, outcome, read_claims
from tools.references import ROOT

CLAIMS = read_claims()
FAILING = [claim for claim in CLAIMS if claim["verdict"] == "fails"]
SOURCES = {0: "first", 1: "second", 2: "third", 3: "fourth", 4: "fifth", "course": "courses"}
PAGE = ROOT / "book" / "mistakes.md"


def by_id(claims):
    return pytest.mark.parametrize("claim", claims, ids=[claim["id"] for claim in claims])


@by_id(CLAIMS)
def test_claim_is_as_the_verdict_says(claim):
    holds = outcome(claim)
    assert holds == (claim["verdict"] == "holds"), (
        f"“{claim['claim']}” {'holds' if holds else 'fails'}; the verdict says {claim['verdict']}."
    )


@by_id(FAILING)
def test_repair_of_a_failing_claim_is_right(claim):
    assert outcome(claim, "repair", "_repaired"), f"The repair “{claim['right']}” is not right."


@by_id(CLAIMS)
def test_row_is_complete(claim):
    allowed = {"source", "id", "claim", "verdict", "check"}
    if claim["verdict"] == "fails":
        allowed |= {"right", "repair"}
        assert claim["right"].endswith(".")
    assert set(claim) <= allowed, f"{claim['id']} has {sorted(set(claim) - allowed)} too many."
    assert claim["verdict"] in ("holds", "fails")
    assert claim["claim"].endswith(".")
    prefix = "course" if claim["source"] == "course" else f"n{claim['source']}"
    assert claim["id"].startswith(prefix + "-")


def test_no_claim_is_listed_twice():
    ids = [claim["id"] for claim in CLAIMS]
    assert len(set(ids)) == len(ids)


def test_every_named_check_belongs_to_a_claim():
    used = {function_of(claim) for claim in CLAIMS if "check" not in claim}
    used |= {function_of(claim, "_repaired") for claim in FAILING if "repair" not in claim}
    named_checks = {
        function
        for name, function in inspect.getmembers(named, inspect.isfunction)
        if re.match(r"(n\d|course)_", name)
    }
    assert named_checks == used


def test_page_speaks_of_every_failing_claim():
    marks = re.findall(r"^% claims: (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    spoken_of = ", ".join(marks).split(", ")
    assert sorted(spoken_of) == sorted(claim["id"] for claim in FAILING)


def test_page_states_the_counts():
    counts = {}
    for source, name in SOURCES.items():
        verdicts = [claim["verdict"] for claim in CLAIMS if claim["source"] == source]
        counts[name] = (len(verdicts), verdicts.count("holds"), verdicts.count("fails"))
    notes = [row for name, row in counts.items() if name != "courses"]
    counts["all notes"] = tuple(map(sum, zip(*notes, strict=True)))

    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w ]+) \| (\d+) \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert {name: tuple(map(int, row)) for name, *row in rows} == counts
