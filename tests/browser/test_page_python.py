"""Python on the page: cells that are run, edited, stopped and restored, and what can go wrong.

The site has it where `make runtime` could get Pyodide; elsewhere these tests are skipped.
"""

import base64
import json
import os
import re
import time

import jupytext
import nbformat
import pytest

from coursework.grader.model import assignment_names, load_assignment
from coursework.release.master import read_master, render
from tests.browser.figures import THEMES, switch_theme, too_wide
from tests.browser.test_pages import settled, violations
from tools.references import NOTEBOOKS, chapters_with_code

pytestmark = pytest.mark.slow

PAGE = "book/definition.html"
FOLDER = "/_static/python/"
AT_FIRST = {"page.js", "check.js"}  # what a page loads before the first click
PARTS = {"resultTypes": ["violations"], "preload": False, "runOnly": ["wcag2a", "wcag2aa"]}


@pytest.fixture(scope="module", autouse=True)
def runtime(site):
    """Skip the tests of this file if the site was built without Python for the browser."""
    if not (site / "_static" / "python" / "manifest.json").exists():
        pytest.skip("The site has no Python for the browser: `make runtime book` makes it.")


@pytest.fixture(scope="module")
def shared(visit, address):
    """Give a page on which Python has started, for the tests that leave it as they found it."""
    page = visit(f"{address}/{PAGE}")
    page.evaluate("document.querySelectorAll('.cell details').forEach(d => { d.open = true; })")
    return page


@pytest.fixture
def page(shared):
    """Give the page, and restore afterwards what a test has changed."""
    yield shared
    # From the last to the first, since a button that is pressed hides itself.
    for button in reversed(shared.get_by_role("button", name="Reset", exact=True).all()):
        button.click()


@pytest.fixture
def own_page(visit, address):
    """Return a function that opens a window of its own, on a page that has no code."""
    pages = []

    def opened(**options):
        pages.append(visit(f"{address}/book/errata.html", **options))
        return pages[-1]

    yield opened
    for page in pages:
        page.context.close()


def cell(page, code):
    """Return the first cell whose code has these words now; it stays that cell when edited."""
    cells = page.locator(".cell:has(.cell_input pre)")
    texts = cells.evaluate_all(
        "all => all.map(cell => cell.querySelector('.cell_input pre').textContent)"
    )
    return cells.nth(next(i for i, text in enumerate(texts) if code in text))


def button(cell, name):
    return cell.get_by_role("button", name=name, exact=True)


def click_run(cell):
    """Press Run without waiting for what follows."""
    cell.locator(".cell_input").hover()
    button(cell, "Run").click()


def run(cell):
    """Run a cell to its end, and return what it shows."""
    click_run(cell)
    return ended(cell)


def ended(cell):
    """Wait until a cell has ended, and return what it shows."""
    cell.page.wait_for_function(
        "cell => !cell.matches('.at-work')", arg=cell.element_handle(), timeout=300_000
    )
    return shown(cell)


def shown(cell):
    """Return the outputs of a cell that are to be seen."""
    return cell.locator(".cell_output > *").evaluate_all(
        """nodes => nodes.filter(e => e.checkVisibility())
            .map(e => (e.querySelector("pre") ?? e).textContent.trimEnd())"""
    )


def says(cell):
    return cell.locator(".python-status").text_content()


def ran(cell, *, as_in_the_book):
    """Return whether a cell says that it ran, and, where it did, that its output is the book's."""
    same = ", with the output that the book shows" if as_in_the_book else ""
    return re.fullmatch(rf"Ran in (less than 0\.1|\d+\.\d) s{same}\.", says(cell)) is not None


def edit(cell, code):
    """Replace the code of a cell by the keyboard, as a reader does."""
    cell.locator(".cell_input").hover()
    button(cell, "Edit").click()
    cell.page.keyboard.press("Control+A")
    cell.page.keyboard.insert_text(code)


DIVIDED = "z divided by its sum"
SETUP = 'animals = ["seal", "panda", "duck"]'


def test_nothing_is_loaded_before_the_first_click(own_page, address):
    page = own_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/{PAGE}", wait_until="networkidle")
    names = {url.split("?")[0].split(FOLDER)[1] for url in asked if FOLDER in url}
    assert names == AT_FIRST


def test_buttons_are_to_be_seen_before_the_mouse_is_on_the_cell(page):
    page.mouse.move(0, 0)
    for name in ("Run", "Edit"):
        shown = button(cell(page, DIVIDED), name)
        assert shown.evaluate("e => e.checkVisibility({ opacityProperty: true })")


def test_first_run_says_what_it_loads_and_shows_what_the_book_shows(page, site, record_property):
    first, asked = cell(page, DIVIDED), []
    page.on("request", lambda request: asked.append(request.url))
    before, start = shown(first), time.perf_counter()
    click_run(first)
    page.wait_for_function(
        "cell => /Loading Python: \\d+ of \\d+ MB/.test(cell.textContent)",
        arg=first.element_handle(),
    )
    assert button(first, "Stop").is_visible()
    assert ended(first) == before
    seconds = time.perf_counter() - start
    record_property("table", f"Python on the page: {seconds:.1f} s from the click to the output")
    assert first.locator("[data-kind]").count() == 1
    assert ran(first, as_in_the_book=True)
    # A browser may have kept a file of an earlier site: its checksum makes it another address.
    files = json.loads((site / FOLDER.strip("/") / "manifest.json").read_text("utf-8"))["files"]
    addresses = {url.split(FOLDER)[1] for url in asked if FOLDER in url}
    loaded = {f"{name}?v={file['sha256'][:8]}" for name, file in files.items()} & addresses
    scripts = {url.split("?v=")[0] for url in addresses - loaded}
    assert scripts == {"worker.mjs", "manifest.json"}
    assert len(loaded) > len(AT_FIRST)


def test_edited_cell_changes_the_output_below_it(page):
    below = cell(page, DIVIDED)
    run(below)
    before = shown(below)
    edit(cell(page, SETUP), "import numpy as np\nz = np.array([1.0, 2.0, 5.0])")
    after = run(below)
    assert ran(below, as_in_the_book=False)
    assert after != before
    assert "0.125 0.25  0.625" in after[0]


def test_streams_keep_their_order(page):
    own = cell(page, DIVIDED)
    edit(own, "import sys\nprint(1)\nprint(2)\nprint('then', file=sys.stderr)\nprint(3)\n4")
    assert run(own) == ["1\n2", "then", "3", "4"]
    kinds = own.locator("[data-kind]").evaluate_all("all => all.map(e => e.dataset.kind)")
    assert kinds == ["stdout", "stderr", "stdout", "text"]


def test_cell_that_is_changed_while_it_runs_is_run_again(page):
    setup, below = cell(page, SETUP), cell(page, DIVIDED)
    edit(below, "print(z)")
    edit(setup, "import time\ntime.sleep(3)\nz = 1")
    click_run(below)
    edit(setup, "z = 7")
    ended(below)
    assert run(below) == ["7"]


def test_double_click_on_run_does_not_stop_it(page):
    own = cell(page, DIVIDED)
    before = shown(own)
    own.locator(".cell_input").hover()
    button(own, "Run").dblclick()
    assert ended(own) == before
    assert ran(own, as_in_the_book=True)
    edit(own, "1")
    assert says(own) == ""  # of the code as it is now


def test_figure_that_cannot_be_drawn_is_an_error_of_its_cell(page):
    own = cell(page, DIVIDED)
    edit(own, "import matplotlib.pyplot as plt\n_ = plt.title(r'$\\nothing$')")
    assert "nothing" in run(own)[-1]
    assert says(own) == ""
    edit(own, "print('as before')")
    assert run(own) == ["as before"]


def test_reset_restores_text_outputs_and_state(page):
    setup, below = cell(page, SETUP), cell(page, DIVIDED)
    text, before = setup.locator("pre").first.inner_html(), shown(below)
    edit(setup, "import numpy as np\nz = np.array([1.0, 2.0, 5.0])\nextra = 1")
    assert run(below) != before
    for changed in (setup, below):
        changed.locator(".cell_input").hover()
        button(changed, "Reset").click()
    assert setup.locator("pre").first.inner_html() == text
    assert setup.locator("[contenteditable], [role=textbox]").count() == 0
    assert shown(below) == before
    assert below.locator("[data-kind]").count() == 0
    edit(below, 'print("extra" in globals())')
    assert run(below) == ["False"]


def test_error_shows_the_lines_of_the_cell_alone(page):
    failing = cell(page, DIVIDED)
    edit(failing, "def f(x):\n    return sm.softmax(x, axis=7)\n\nprint('so far')\nf(z)")
    printed, error = run(failing)
    assert printed == "so far"
    assert error.startswith("line 5:\n    f(z)\nline 2, in f:\n    return sm.softmax(x, axis=7)\n")
    assert "site-packages" not in error


def test_cell_that_asks_for_input_says_what_to_do_instead(page):
    cell_1 = cell(page, "import numpy")
    edit(cell_1, "answer = input('How many classes? ')")
    assert run(cell_1)[0].splitlines()[0] == "line 1:"
    assert "Write the answer into the code, for example answer = '3'." in run(cell_1)[0]


def test_cell_that_fails_does_not_keep_a_later_one_from_running(page):
    later = cell(page, "naive_softmax(z)").first
    before = shown(later)
    failing = cell(page, DIVIDED)
    edit(failing, "1 / 0")
    assert run(later) == before
    assert "cell above failed" in says(later)
    assert shown(failing)[0].endswith("ZeroDivisionError: division by zero")
    assert run(later) == before
    assert ran(later, as_in_the_book=True)


def test_stop_ends_a_cell_that_hangs(page):
    hanging = cell(page, DIVIDED)
    before = shown(hanging)
    edit(hanging, "print('begun')\nwhile True: pass")
    click_run(hanging)
    hanging.get_by_text("Running").wait_for()
    button(hanging, "Stop").click()
    assert says(hanging).startswith("Stopped.")
    button(hanging, "Reset").click()
    assert run(hanging) == before


def test_stop_ends_a_cell_that_prints_without_end(page):
    own = cell(page, DIVIDED)
    edit(own, "while True:\n    print('as many lines as there are')")
    click_run(own)
    own.get_by_text("The rest of the output is not shown.").wait_for()
    page.wait_for_timeout(5000)
    button(own, "Stop").click(timeout=30_000)
    assert says(own).startswith("Stopped.")
    assert len(own.locator(".cell_output").text_content()) < 110_000


def test_figure_keeps_its_caption_and_live_figure_lives(page):
    drawn = cell(page, "plotting.logits_and_probabilities(z, animals)").first
    page.evaluate("document.querySelectorAll('article details').forEach(d => d.open = true)")
    caption = drawn.locator("figcaption").text_content()
    run(drawn)
    image = drawn.locator("img:visible")
    assert image.get_attribute("src").startswith("data:image/png;base64,")
    assert image.get_attribute("alt").startswith("Two bar charts")
    assert drawn.locator("figcaption:visible").text_content() == caption

    live = cell(page, "live.logits(").first
    run(live)
    figure = live.locator("softmax-logits:visible")
    assert figure.count() == 1
    figure.get_by_role("slider").first.wait_for()


def test_keyboard_edits_runs_and_leaves(page):
    own = cell(page, DIVIDED)
    button(own, "Run").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("for k in range(2):")
    page.keyboard.press("Enter")  # indents
    page.keyboard.type("print(k / 2)")  # Sphinx takes a slash for a shortcut
    page.keyboard.press("Enter")  # keeps the indentation
    page.keyboard.type("print(k)")
    page.keyboard.press("Shift+Enter")
    assert ended(own) == ["0.0\n0\n0.5\n1"]
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.textContent") == "Edit"


@pytest.mark.parametrize("theme", THEMES)
def test_cells_in_use_are_fit_to_read(page, theme):
    settled(page)
    failing = cell(page, DIVIDED)
    edit(failing, "1 / 0")
    run(failing)
    switch_theme(page, theme)
    page.evaluate(
        "for (const e of document.querySelectorAll('mjx-container')) e.replaceChildren('f')"
    )
    assert not violations(page, PARTS)


def test_buttons_are_there_for_a_finger(own_page, address):
    page = own_page(width=390, has_touch=True, is_mobile=True)
    page.goto(f"{address}/{PAGE}")
    bar = cell(page, DIVIDED).locator(".python-bar")
    code = cell(page, DIVIDED).locator("pre").first.bounding_box()
    assert bar.bounding_box()["y"] >= code["y"] + code["height"] - 1
    assert min(b.bounding_box()["height"] for b in bar.locator("button:visible").all()) >= 32
    assert too_wide(page) == 0


ALTERED = base64.b64decode("UEsFBgAA")
TROUBLES = {
    "network": ("**/numpy-*.whl*", {"abort": True}, "numpy-.* could not be loaded. Check"),
    "missing": ("**/numpy-*.whl*", {"status": 404}, "This site lacks numpy-"),
    "damaged": ("**/softmax.zip*", {"body": ALTERED}, "softmax.zip arrived incomplete or altered"),
    "half": ("**/manifest.json", {"status": 404}, "This site lacks manifest.json"),
    "blocked": ("**/worker.mjs*", {"abort": True}, "did not let Python start"),
}


@pytest.mark.parametrize("kind", TROUBLES)
def test_what_goes_wrong_is_said_in_a_sentence(own_page, address, visit, kind):
    pattern, answer, sentence = TROUBLES[kind]
    page = own_page()
    abort = answer.get("abort")
    page.route(pattern, lambda route: route.abort() if abort else route.fulfill(**answer))
    page.goto(f"{address}/{PAGE}")
    own = cell(page, DIVIDED)
    before = shown(own)
    run(own)
    assert re.search(sentence, says(own))
    assert shown(own) == before
    visit.problems.clear()  # the file that was taken away

    page.unroute(pattern)
    assert run(own) == before
    assert ran(own, as_in_the_book=True)


def test_file_that_the_site_was_built_without_is_named(own_page, address, site, visit):
    manifest = json.loads((site / FOLDER.strip("/") / "manifest.json").read_text("utf-8"))
    del manifest["files"]["softmax.zip"]
    page = own_page()
    page.route("**/manifest.json", lambda route: route.fulfill(json=manifest))
    page.goto(f"{address}/{PAGE}")
    run(cell(page, DIVIDED))
    assert "This site lacks softmax.zip" in says(cell(page, DIVIDED))
    visit.problems.clear()  # the files that were still on their way


WORKERS = {
    "little memory": "WebAssembly.Memory = class { constructor() { throw RangeError('full') } };",
    "unexpectedly": "WebAssembly.instantiateStreaming = async () => { throw Error('opcode') };",
}


@pytest.mark.parametrize("sentence", WORKERS)
def test_browser_that_cannot_run_python_says_so(own_page, address, site, visit, sentence):
    page = own_page()
    text = WORKERS[sentence] + (site / FOLDER.strip("/") / "worker.mjs").read_text("utf-8")
    answer = {"body": text, "content_type": "text/javascript"}
    page.route("**/worker.mjs*", lambda route: route.fulfill(**answer))
    page.goto(f"{address}/{PAGE}")
    run(cell(page, DIVIDED))
    assert sentence in says(cell(page, DIVIDED))
    visit.problems.clear()  # what Pyodide writes into the console


@pytest.mark.parametrize("lacks", ["WebAssembly", "Worker"])
def test_old_browser_is_told_so(own_page, address, lacks):
    page = own_page()
    page.add_init_script(f"delete self.{lacks}")
    page.goto(f"{address}/{PAGE}")
    run(cell(page, DIVIDED))
    assert "too old" in says(cell(page, DIVIDED))


# The homework. -----------------------------------------------------------------------------------

MISTAKEN = """def softmax(z, axis=-1):
    exponentials = np.exp(z)
    return exponentials / exponentials.sum(axis=axis, keepdims=True)
"""
SHIFT = "nan, and 0.25 was expected. Is the largest logit subtracted before the exponential?"


def solutions(name):
    """Return the solutions of an assignment, by the line that begins each."""
    text, values = read_master(load_assignment(name))
    cells = jupytext.reads(render(text, {**values, "book": ""}), fmt="md:myst").cells
    sources = [cell.source for cell in cells if "### BEGIN SOLUTION" in cell.source]
    return {source.partition("\n")[0]: source for source in sources if source.startswith("def")}


@pytest.mark.parametrize("name", assignment_names())
def test_homework_can_be_tried_on_its_page(own_page, address, name):
    page, asked = own_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/book/coursework/{name}.html")
    last = page.locator(".cell.apart:has(details)").last
    button(last, "Run").click()
    assert ended(last)[-1].endswith("NotImplementedError: write your code here")
    assert says(last) == ""  # no cell above failed: the checks of other questions do not run
    if name == "hw1":
        edit(cell(page, "def softmax("), MISTAKEN)
        check = cell(page, "def try_softmax(")
        assert run_folded(check).endswith(SHIFT)
    answers = solutions(name)
    assert len(answers) >= 4
    for line, source in answers.items():
        edit(cell(page, line), source)
    for check in page.locator(".cell.apart:has(details)").all():
        assert "Hidden checks with other" in run_folded(check)
        assert ran(check, as_in_the_book=False)
        assert not check.locator("pre").first.is_visible()  # the fold stays closed
    button(check, "Edit").click()
    assert check.locator("pre").first.is_visible()
    loaded = {url.split(FOLDER)[1].split("?")[0] for url in asked if FOLDER in url}
    assert "softmax.zip" in loaded
    assert not [file for file in loaded if "scikit" in file]  # 29 MB that no answer needs


def run_folded(check):
    """Run a cell that is in a fold, and return the last line that it shows."""
    button(check, "Run").click()
    return ended(check)[-1].splitlines()[-1]


# Every cell of every chapter. --------------------------------------------------------------------

RUN_ALL = """async () => {
  const cells = [...document.querySelectorAll(".cell:has(.cell_input pre):not(.attempt > .cell)")];
  const found = [];
  for (const cell of cells) {
    const code = cell.querySelector(".cell_input pre");
    const source = code.textContent.trimEnd();
    const shorter = cell.querySelector(".python-reason button"); // where all of it takes minutes
    shorter?.click();
    const start = performance.now();
    cell.querySelector(".python-bar button").click();
    while (cell.matches(".at-work")) await new Promise((go) => setTimeout(go, 20));
    const outputs = [...cell.querySelectorAll(".cell_output > [data-kind]")];
    found.push({
      source,
      seconds: (performance.now() - start) / 1000,
      shorter: Boolean(shorter),
      says: cell.querySelector(".python-status").textContent,
      outputs: outputs.map((node) => [node.dataset.kind, node.textContent.trimEnd()])
        .filter(([kind]) => kind !== "png"),
      pictures: [...cell.querySelectorAll("img[src^='data:image/png']")]
        .filter((image) => !image.closest(".text_html")).length,
    });
  }
  return found;
}"""
# Two to six minutes each: SOFTMAX_LONG=1 runs them, too.
LONG = ("calibration", "fashion-mnist", "inside-the-classifier", "mnist")
LEFT_OUT = ("index",) if os.environ.get("SOFTMAX_LONG") else ("index", *LONG)  # it shows no code
CHAPTERS = [name for name in chapters_with_code() if name not in LEFT_OUT]


@pytest.fixture(scope="module")
def run_all(request, visit, address):
    """Return a function that returns what a chapter shows, while the next one is at work."""
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    waiting = list(dict.fromkeys(given["chapter"] for given in params if "chapter" in given))
    at_work = {}

    def found(name):
        while waiting and (name not in at_work or len(at_work) < 2):
            page = visit(f"{address}/book/{waiting[0]}.html")
            page.evaluate(f"() => {{ self.found = ({RUN_ALL})(); }}")
            at_work[waiting.pop(0)] = page
        page = at_work.pop(name)
        try:
            return page.evaluate("self.found")
        finally:
            page.context.close()

    return found


def expected(name):
    """Return the source and the outputs of each cell of a reference that the page shows."""
    cells = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4).cells
    hidden = {"remove-cell", "remove-input"}
    return [
        (cell.source.rstrip(), [expected_output(out) for out in cell.outputs])
        for cell in cells
        if cell.cell_type == "code" and not hidden & set(cell.metadata.get("tags", []))
    ]


def expected_output(output):
    if output.output_type == "stream":
        return output.name, output.text.rstrip()
    if "text/html" in output.data:
        return "html", None
    text = output.data["text/plain"]
    return ("png", None) if text.startswith("<Figure size") else ("text", text.rstrip())


# What a chapter prints only where floating-point errors are reported; in WebAssembly they are not.
MISSING = {"stability": re.compile(r"  warning: .*\n")}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_cell_of_the_chapter_shows_on_the_page_what_the_book_shows(
    run_all, record_property, chapter
):
    found, wanted = run_all(chapter), expected(chapter)
    seconds = [cell["seconds"] for cell in found]
    record_property(
        "table",
        f"Python on the page: {chapter}, {len(found)} cells in "
        f"{sum(seconds):.1f} s, first {seconds[0]:.1f}, then at most {max(seconds[1:]):.1f} a cell",
    )
    missing = MISSING.get(chapter, re.compile(r"(?!)"))
    less = False  # trained than in the book, so that numbers differ from there on
    for cell, (source, outputs) in zip(found, wanted, strict=True):
        where = f"{chapter}:\n{source}\n"
        assert cell["source"] == source
        assert cell["says"].startswith("Ran in "), where
        less = less or cell["shorter"]
        if less:
            assert not any(kind == "error" for kind, _ in cell["outputs"]), where
            continue
        assert cell["pictures"] == sum(kind == "png" for kind, _ in outputs), where
        texts = [(kind, None if kind == "html" else text) for kind, text in cell["outputs"]]
        wanted_texts = [
            (kind, text and missing.sub("", text)) for kind, text in outputs if kind != "png"
        ]
        assert texts == wanted_texts, where
