"""Results as marking yields them, for the tests of what is made of them."""

from coursework.grader.inbox.roster import Student
from coursework.grader.model import (
    Cause,
    CheckResult,
    Misconception,
    QuestionResult,
    Reason,
    Result,
)

# All of it could be in a message, an answer or the name of a file.
ADVERSARIAL = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> </section></main> &lt;b&gt; "
    "[click](javascript:alert(3)) ![x](https://evil.example/x.png) <https://evil.example> "
    "https://evil.example ``` ~~~ `code` **bold** $x$ | cell |\r\n\r\n# Full marks\n"
    "Full marks\n===\n- item\n> quote\n1. one\n    indented\n\n"
    "\x1b[31mred\x00\x07 \u202etxet\u202c \u2066x\u2069 \ud800 {{ 7 * 7 }} {% raw %}"
)
FAILURE = Reason(Cause.GRADER_FAILED, ("KeyError",))
NO_SHIFT = Misconception(
    "no-shift",
    "The maximum was not subtracted",
    "`np.exp` of a large number is infinite.",
    "stability.html#subtract-the-maximum",
    lambda calls, outcomes: True,
)


def told(text, cause=Cause.CELL_ERROR):
    """Return what gives a question this text as its reason."""
    return {"reasons": (Reason(cause, (text,)),)}


def make_coded(name="softmax", points=15.0, out_of=25.0, message="the shape is (4,)", **kwargs):
    """Return the marks of an answer in code: one check met, one missed."""
    checks = (
        CheckResult("right values, row by row", points, points),
        CheckResult("along the columns, `axis=0`", 0.0, out_of - points, message),
    )
    defaults = {"reasons": (Reason(Cause.CHECKS_MISSED, (1, 2, message)),), "checks": checks}
    return QuestionResult(name, f"The {name} function", points, out_of, **(defaults | kwargs))


def make_words(answer="Both sets are right.", name="templates", points=0.0, **kwargs):
    """Return an answer in words that awaits its marks, or that is not there."""
    reason = Reason(Cause.AWAITING if answer else Cause.UNWRITTEN)
    defaults = {"reasons": (reason,), "manual": True, "answer": answer}
    return QuestionResult(name, "Two sets of templates", points, 10.0, **(defaults | kwargs))


def make_result(student="ana", *questions, **kwargs):
    """Return the marks of one student."""
    questions = questions or (make_coded(), make_words())
    defaults = {"assignment": "hw9", "seed": 20261201}
    return Result(student=student, questions=tuple(questions), **(defaults | kwargs))


def make_missing(student="bob"):
    """Return the marks of a student who handed in nothing."""
    reason = Reason(Cause.NOTHING_HANDED_IN)
    coded = make_coded(points=0.0, checks=(), reasons=(reason,))
    return make_result(student, coded, make_words("", reasons=(reason,)), reason=reason)


def make_final_class():
    """Return marks that are final: some late, one late beyond its points, one missing."""
    words = make_words().marked_by_hand(7.5, "Why?")
    note = "not marked: Copy of hw9.ipynb"
    checks = (CheckResult("all", 3.0, 25.0, ADVERSARIAL),)
    few = make_coded(points=3.0, checks=checks, **told(ADVERSARIAL))
    return [
        make_result("ana", make_coded(), words, submitted="2026-12-02T00:30:00+01:00"),
        make_result("cem", make_coded(), words, late_hours=30.0, penalty=7.0, note=note),
        make_result("dora", few, make_words(""), late_hours=300.0, penalty=35.0),
        make_missing("bob"),
    ]


def make_roster(*names):
    """Return a roster with names and addresses."""
    return [Student(name, f"{name.title()} Doe", f"{name}@example.org") for name in names]
