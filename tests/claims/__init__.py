"""The claims of five notes on softmax, and of well-known courses, as data.

Each YAML file holds the claims of one source. A claim has

- ``id`` and ``claim``, a sentence in our own words,
- ``verdict``, ``holds`` or ``fails``,
- ``check``, a Python expression that is true where the claim holds,
- for a claim that fails: ``right``, what is right, and ``repair``, an expression for that.

Longer checks are functions of `named`: with the name of the id, its dashes as underscores,
and ``_repaired`` at the end for the repair. Expressions may use all names of `vocabulary`
and `training`.
"""

from pathlib import Path

import yaml

from tests.claims import named, training, vocabulary

FOLDER = Path(__file__).resolve().parent
WORDS = {**vars(vocabulary), **vars(training)}


def read_claims():
    """Return all claims in the order of the files, each with its source."""
    claims = []
    for path in [*sorted(FOLDER.glob("note-*.yaml")), FOLDER / "course.yaml"]:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        claims += [{"source": content["source"], **claim} for claim in content["claims"]]
    return claims


def function_of(claim, suffix=""):
    """Return the function that is named after a claim."""
    return getattr(named, claim["id"].replace("-", "_") + suffix)


def outcome(claim, key="check", suffix=""):
    """Run the check of a claim, or its repair, and return whether it is true."""
    if key in claim:
        return bool(eval(claim[key], dict(WORDS)))
    return bool(function_of(claim, suffix)())
