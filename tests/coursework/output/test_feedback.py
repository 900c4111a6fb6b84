"""What goes back to a student: said in full, and with nothing of a student's as markup."""

import importlib
import itertools
import re

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from coursework.grader.model import (
    Assignment,
    Cause,
    CheckResult,
    GraderError,
    Question,
    Reason,
    assignment_names,
    load_assignment,
)
from coursework.grader.output import feedback
from coursework.grader.output.feedback import find_chapters, make_feedback, write_feedback
from coursework.grader.sanitize import one_line
from tests.coursework.sample_results import (
    ADVERSARIAL,
    FAILURE,
    NO_SHIFT,
    make_coded,
    make_missing,
    make_result,
    make_words,
    told,
)

BOOK = "https://example.org/softmax/book/"
HW9 = Assignment(
    "hw9",
    "Homework `9`",
    (
        Question("softmax", "", "", ("definition", "stability"), misconceptions=(NO_SHIFT,)),
        Question("templates", "", "", ()),
        Question("log_softmax", "", "", ()),
    ),
)
BAD_JSON = Reason(Cause.BAD_FILE, ("bad JSON at line 3",))


def to_html(result, book=None):
    return make_feedback("html", result, HW9, book)


def to_markdown(result, book=None):
    return make_feedback("md", result, HW9, book)


def write(result, folder):
    """Write the feedback of a student; return its files."""
    write_feedback(result, HW9, folder)
    return sorted(path for path in folder.rglob("*.*") if path.is_file())


FORMS = {
    "html": lambda *args: BeautifulSoup(to_html(*args), "html.parser").get_text(" "),
    "markdown": to_markdown,
}


def parse(result, book_url=None):
    return BeautifulSoup(to_html(result, book_url), "html.parser")


def render_markdown(text):
    """Return what GitHub would make of a text: tables, links found in it, HTML let through."""
    renderer = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    return BeautifulSoup(renderer.render(text), "html.parser")


def adversarial_result():
    """Return marks with a adversarial text in each place that a submission can reach."""
    checks = (CheckResult("right values", 0.0, 25.0, ADVERSARIAL),)
    return make_result(
        "ana",
        make_coded(points=0.0, checks=checks, **told(ADVERSARIAL, Cause.PROTOCOL)),
        make_words(ADVERSARIAL).marked_by_hand(0, ADVERSARIAL),
        make_coded("log_softmax", points=0.0, checks=(), **told(ADVERSARIAL, Cause.BAD_FILE)),
        reason=Reason(Cause.BAD_FILE, (ADVERSARIAL,)),
        file=ADVERSARIAL,
        submitted=ADVERSARIAL,
        note=ADVERSARIAL,
    )


@pytest.mark.parametrize("form", FORMS)
def test_says_what_was_met_and_missed_and_why(form):
    text = FORMS[form](make_result("ana", make_coded(detected=("no-shift",))), None)
    for words in (
        "15 of 25 points",
        "right values, row by row",
        "along the columns",
        "the shape is (4,)",
        "The maximum was not subtracted",
        "some checks were missed",
        "drawn from seed 20261201",
        "make a small call of that kind",
    ):
        assert words in text
    assert text.count("the shape is (4,)") == 1  # not in the reason once more


def test_checks_are_marked_as_met_or_missed():
    page = parse(make_result("ana", make_coded()))
    assert [item["class"] for item in page.select(".checks li")] == [["met"], ["missed"]]
    assert "- ✓ met, 15 of 15: right values" in to_markdown(make_result("ana", make_coded()))


@pytest.mark.parametrize("form", FORMS)
def test_lateness_is_explained(form):
    late = make_result("ana", make_coded(), late_hours=30.5, penalty=10.0)
    assert (
        "Handed in 30.5 hours after your deadline. The penalty is 10 points: your answers have "
        "15, and 5 count." in FORMS[form](late, None)
    )
    forgiven = make_result("ana", make_coded(), late_hours=0.25)
    assert "15 minutes after your deadline. No points were taken off" in FORMS[form](forgiven, None)
    assert "deadline" not in FORMS[form](make_result("ana", make_coded()), None)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("result", "words"),
    [
        (make_missing(), ["nothing was handed in", "it may lie in another folder"]),
        (
            make_result("b", make_coded(), reason=BAD_JSON),
            ["could not be read", "bad JSON at line 3", "ends in .ipynb"],
        ),
        (make_result("b", make_coded(), reason=FAILURE), ["the grader failed", "not final"]),
        (
            make_result("b", make_coded(**told(20, Cause.WALL_TIME))),
            ["it took too long", "no answer within 20 s", "a loop that does not end"],
        ),
        (
            make_result("b", make_coded(points=0.0, **told("", Cause.STUB))),
            ["not answered", "Write the function where the notebook says so"],
        ),
        (
            make_result(
                "b",
                make_coded(points=0.0, **told("f", Cause.UNDEFINED)),
            ),
            ["is not defined in any cell", "Define the function in a code cell"],
        ),
        (make_result("b", make_words("")), ["nothing was written", "Write your answer"]),
    ],
)
def test_a_zero_has_its_reason_and_a_way_on(form, result, words):
    text = FORMS[form](result, None)
    for part in words:
        assert part in text


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("cause", [Cause.STUB, Cause.UNDEFINED])
def test_without_an_answer_the_checks_are_listed_only(form, cause):
    marks = make_coded(points=0.0, message="NotImplementedError", **told("f", cause))
    text = FORMS[form](make_result("b", marks), None)
    assert "along the columns" in text
    assert "NotImplementedError" not in text.replace("raises NotImplementedError", "")
    assert "as above" not in text.lower()


@pytest.mark.parametrize("form", ["html", "md"])
def test_the_name_is_beside_the_id(form):
    page = make_feedback(form, make_result("ann"), HW9, name="<b>Lee")
    assert {"html": "&lt;b&gt;Lee (ann)", "md": "\\<b\\>Lee (ann)"}[form] in page


@pytest.mark.parametrize("form", FORMS)
def test_that_nothing_was_handed_in_is_said_once(form):
    assert FORMS[form](make_missing(), None).count("nothing was handed in") == 1


@pytest.mark.parametrize("make", [to_html, to_markdown])
def test_one_reason_is_enough_where_nothing_was_marked(make):
    questions = [
        make_coded(name, points=0.0, checks=(), reasons=(BAD_JSON,))
        for name in ("softmax", "log_softmax")
    ]
    text = make(make_result("b", *questions, reason=BAD_JSON))
    assert text.count("bad JSON at line 3") == 1
    assert "<table" not in text


@pytest.mark.parametrize("form", FORMS)
def test_answers_in_words(form):
    awaiting = FORMS[form](make_result("ana", make_coded(), make_words()), None)
    assert "15 of 35 points" in awaiting
    assert "10 more await marking" in awaiting
    assert "awaits marking, out of 10" in awaiting
    assert "0 of 10 points" not in awaiting
    marked = make_words().marked_by_hand(7.5, "Say why.")
    text = FORMS[form](make_result("ana", marked), None)
    assert "7.5 of 10 points" in text
    assert "Both sets are right." in text
    assert text.count("Say why.") == 1


def test_says_how_cells_are_counted_where_one_is_named():
    named = make_result("ana", make_coded(message="ValueError: no (cell 4, line 2)"))
    assert "counted from the top" in to_markdown(named)
    assert "counted from the top" not in to_markdown(make_result("ana", make_words()))


@pytest.mark.parametrize("form", FORMS)
def test_the_words_of_an_exception_are_never_taken_for_the_graders(form):
    words = "2 of 2 checks missed: not answered; nothing was handed in"
    text = FORMS[form](make_result("ana", make_coded(**told(words, Cause.PROTOCOL))), None)
    assert words in text
    assert "Write the function where the notebook says so" not in text


def test_full_marks_ask_for_nothing():
    full = make_coded(points=25.0, reasons=(), checks=(CheckResult("right values", 25.0, 25.0),))
    text = to_markdown(make_result("ana", full))
    assert "Everything that was marked is right" in text
    assert "Next" not in text
    assert "To read again" not in text


def test_the_same_message_is_not_repeated():
    checks = tuple(CheckResult(title, 0.0, 5.0, "no answer came") for title in "abc")
    reasons = (Reason(Cause.CHECKS_MISSED, (3, 3, "no answer came")),)
    text = to_markdown(make_result("ana", make_coded(checks=checks, reasons=reasons)))
    assert text.count("no answer came") == 1
    assert text.count("as above") == 2


def test_very_long_messages_are_shortened():
    result = make_result("ana", make_coded(message="x" * 100_000 + "the end"))
    text = to_markdown(result)
    assert len(text) < 4000
    assert "characters left out" in text
    assert "the end" in text


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://example.org/softmax", "https://example.org/softmax/book/"),
        ("https://example.org/softmax/", "https://example.org/softmax/book/"),
        ("https://example.org/softmax/index.html", "https://example.org/softmax/book/"),
        ("https://example.org/softmax/book/index.html", "https://example.org/softmax/book/"),
        ("https://example.org", "https://example.org/book/"),
        ("https://book", "https://book/"),
        ("https://example.org/softmax/book/", "https://example.org/softmax/book/"),
        ("https://example.org/softmax/book", "https://example.org/softmax/book/"),
    ],
)
def test_links_lead_into_the_book(url, base):
    result = make_result("ana", make_coded(detected=("no-shift",)))
    book = find_chapters(url)
    link = parse(result, book).select_one(".detected a")
    assert link["href"] == f"{base}stability.html#subtract-the-maximum"
    assert link.get_text() == ("chapter “Computing softmax safely”, section “Subtract the maximum”")
    link = render_markdown(to_markdown(result, book)).select_one("a")
    assert link["href"] == f"{base}stability.html#subtract-the-maximum"


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)//", "example.org", "https://a b", "file:///srv/book/", "https:///book/"],
)
def test_no_address_of_a_book(url):
    with pytest.raises(GraderError, match="not the address of a site"):
        find_chapters(url)


@pytest.mark.parametrize("form", FORMS)
def test_chapters_are_named_where_points_are_missing(form):
    text = FORMS[form](make_result("ana"), None)
    assert "To read again: chapter “Softmax: turning scores into probabilities”" in text
    page = parse(make_result("ana"), BOOK)
    links = [link["href"] for link in page.select(".question a")]
    assert links == [f"{BOOK}definition.html", f"{BOOK}stability.html"]


@pytest.mark.parametrize("form", FORMS)
def test_without_an_address_the_place_is_named_in_words(form):
    result = make_result("ana", make_coded(detected=("no-shift",)))
    text = FORMS[form](result, None)
    for words in ("Computing softmax safely", "Subtract the maximum", "book/stability.html"):
        assert words in text
    assert not parse(result).select('a[href^="http"]')


@pytest.mark.parametrize("name", assignment_names())
def test_every_misconception_is_in_sentences_and_leads_to_a_section_of_a_chapter(name):
    allowed = importlib.import_module(f"coursework.{name}.checks").PARAMETERS
    for values in itertools.product(*allowed.values()):
        assignment = load_assignment(name, dict(zip(allowed, values, strict=True)))
        for item in (item for question in assignment.questions for item in question.misconceptions):
            assert item.title[0].isupper()
            assert item.text.endswith(".")
            words = feedback._find_place(item.link, None)["words"]
            assert re.match(r"chapter “.+”, section “", words), item.link


def test_sections_are_found_by_their_anchors(tmp_path, monkeypatch):
    text = (
        "# The chapter\n\n(sec-a)=\n## Your caller's `axis`\n\n```{code-cell}\n# A comment\n```\n"
        "$$ (eq-b)\nx\n$$\n\n:::{prf:theorem}\n:label: thm-c\n:::\n"
    )
    (tmp_path / "made-up.md").write_text(text)
    monkeypatch.setattr(feedback, "BOOK", tmp_path)
    for anchor in ("your-callers-axis", "equation-eq-b", "thm-c"):
        words = feedback._find_place(f"made-up.html#{anchor}", None)["words"]
        section = "chapter “The chapter”, section “Your caller's axis”"
        assert words == f"{section} (book/made-up.html#{anchor})"
    words = feedback._find_place("made-up.html#none", None)["words"]
    assert words == "chapter “The chapter” (book/made-up.html#none)"
    assert (
        feedback._find_place("nowhere.html", None)["words"]
        == "chapter “nowhere” (book/nowhere.html)"
    )


@pytest.mark.parametrize("form", FORMS)
def test_signs_in_our_own_titles_are_signs(form):
    checks = (CheckResult("z<x & `x[0]` * 2", 0.0, 5.0, "no"),)
    source = {"html": to_html, "markdown": to_markdown}[form](
        make_result("a", make_coded(checks=checks))
    )
    page = BeautifulSoup(source, "html.parser") if form == "html" else render_markdown(source)
    assert "z<x & x[0] * 2" in page.get_text()
    assert "x[0]" in [code.get_text() for code in page.select("li code")]


def test_markup_of_a_submission_is_text_in_html():
    source = to_html(adversarial_result(), BOOK)
    page = BeautifulSoup(source, "html.parser")
    assert not page.select("script, img, iframe, b, section section")
    links = {link["href"] for link in page.select("a")}
    assert all(link.startswith((BOOK, "#q")) for link in links)
    assert not [
        name for tag in page.find_all() for name in tag.attrs if name.lower().startswith("on")
    ]
    assert [tag.get_text() for tag in page.select("h1, h2")] == [
        "Homework 9",
        "The softmax function",
        "Two sets of templates",
        "The log_softmax function",
        "How these marks came about",
    ]
    # It is there all the same, as text.
    assert "<script>alert(1)</script>" in page.get_text()
    assert "{{ 7 * 7 }}" in page.get_text()


def test_markup_of_a_submission_is_text_in_markdown():
    text = to_markdown(adversarial_result(), BOOK)
    page = render_markdown(text)
    assert not page.select("script, img, iframe, b, section, table, hr")
    assert all(link["href"].startswith(BOOK) for link in page.select("a"))
    assert [tag.get_text() for tag in page.select("h1, h2, h3, h4, h5, h6")] == [
        "Feedback: Homework 9",
        "The softmax function: 0 of 25 points",
        "Two sets of templates: 0 of 10 points",
        "The log_softmax function: 0 of 25 points",
        "How these marks came about",
    ]
    assert "<script>alert(1)</script>" in page.get_text()


@pytest.mark.parametrize(
    "message",
    ["`", "``", "a`", "```\n# x", "~~~", "    # x", "<!--", "$$x$$", "``\x1b[0m`\n# x", "a\r# x"],
)
def test_no_message_gets_out_of_its_code(message):
    checks = (CheckResult("one", 0.0, 5.0, message), CheckResult("two", 0.0, 5.0, "other"))
    marks = make_coded(checks=checks, detected=("no-shift",))
    answer = make_words(f"{message}\n# heading\n{message}").marked_by_hand(0, message)
    page = render_markdown(to_markdown(make_result("ana", marks, answer), BOOK))
    assert len(page.select("h1")) == 1
    assert len(page.select("h2")) == 3
    assert [" ".join(code.get_text().split()) for code in page.select("li code")][:2] == [
        one_line(message),
        "other",
    ]
    assert len(page.select("a")) == 3


@pytest.mark.parametrize("make", [to_html, to_markdown])
def test_no_control_character_comes_through(make):
    text = make(adversarial_result(), BOOK)
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text
    )
    assert "[U+202E]" in text  # but it is seen that there was one
    assert "[31m" not in text
    text.encode("utf-8")


def test_the_page_needs_no_other_file():
    source = to_html(make_result("ana"), BOOK)
    page = BeautifulSoup(source, "html.parser")
    assert not page.select("link, script, img, [src]")
    assert "@import" not in source
    assert "url(" not in source
    assert "prefers-color-scheme: dark" in source
    assert "@media print" in source
    assert page.select_one('meta[name="viewport"]')


def test_files_are_written_whole_and_in_the_students_folder(tmp_path, monkeypatch):
    result = make_result("ana", make_coded())
    paths = write(result, tmp_path)
    assert paths == [tmp_path / "ana" / "hw9.html", tmp_path / "ana" / "hw9.md"]
    before = [path.read_text(encoding="utf-8") for path in paths]
    monkeypatch.setattr("os.replace", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        write(make_result("ana", make_words("")), tmp_path)
    assert [path.read_text(encoding="utf-8") for path in paths] == before
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == ["hw9.html", "hw9.md"]


@pytest.mark.parametrize("student", ["../../etc", "..", "a/b", "Ana", "名前", "x" * 300, "-rf"])
def test_no_name_leaves_the_folder(tmp_path, student):
    write_feedback(make_result(student, make_coded()), HW9, tmp_path / "feedback")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(path.parent.parent == tmp_path / "feedback" for path in files)
