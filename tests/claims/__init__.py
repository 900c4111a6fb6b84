"""The claims of five notes on softmax, and of well-known courses, as data.

Each YAML file holds the claims of one source, whose ``title`` it gives. A claim has

- ``id`` and ``claim``, a sentence in our own words,
- ``verdict``, ``holds`` or ``fails``,
- ``check``, a Python expression that is true where the claim holds,
- for a claim that fails: ``right``, what is right, and ``repair``, an expression for that,
- ``instead``, where it helps: ``[old, new]``, a change of what the check computes under which it
  has the other outcome,
- ``code``, where the claim is about code that the source prints: ``printed`` if the check runs
  that code, and ``reimplemented`` if it runs lines of ours that do the same,
- ``read: true``, where nothing that these tests run can check the claim; its source was read.

Longer checks are functions of `named`: with the name of the id, its dashes as underscores,
and ``_repaired`` at the end for the repair. Expressions may use all names of `vocabulary`
and `training`. Checks that need the source itself are in `printed`. In `mutants` are the faults
that each check must notice.

There is one standard for underflow and overflow. A statement of mathematics is about real
numbers, and is checked where floating point can tell. A statement about what code computes is
about floating point, and must hold for every finite input.
"""

from pathlib import Path

import yaml

from tests.claims import named, training, vocabulary

FOLDER = Path(__file__).resolve().parent
NAMESPACE = {**vars(vocabulary), **vars(training)}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast
SHARED = ("source", "title")  # what a file says for all of its claims


def read_claims():
    """Return all claims in the order of the files, each with its source."""
    claims = []
    for path in [*sorted(FOLDER.glob("note-*.yaml")), FOLDER / "course.yaml"]:
        content = yaml.load(path.read_text(encoding="utf-8"), LOADER)
        shared = {key: content[key] for key in SHARED}
        claims += [{**shared, **claim} for claim in content["claims"]]
    return claims


def function_of(claim, suffix=""):
    """Return the function that is named after a claim."""
    return getattr(named, claim["id"].replace("-", "_") + suffix)


def is_run(claim):
    """Whether a claim is checked by code that needs nothing but this project."""
    return not claim.get("read") and claim.get("code") != "printed"


def outcome(claim, key="check", suffix=""):
    """Run the check of a claim, or its repair, and return whether it is true."""
    if key in claim:
        return bool(eval(claim[key], dict(NAMESPACE)))
    return bool(function_of(claim, suffix)())
