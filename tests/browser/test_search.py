"""The search: while typing, by section, forgiving of slips, also where the book is a file."""

import gzip

import pytest

from tests.browser.figures import mostly_slow

# What a reader may type -> the page that must be among the first of the results.
QUERIES = {
    "temperature": "definition",
    "overflow": "stability",
    "nan loss": "stability",
    "sotfmax": "definition",
    "calibraton": "calibration",
    "log-sum-exp": "stability",
    "Jacobian": "derivation",
    "cross entropy": "cross-entropy",
    "label smoothing": "cross-entropy",
    "gradient descent": "softmax-regression",
    "MNIST": "mnist",
    "attention": "attention",
    "Gumbel": "learning-from-choices",
    "nucleus samp": "sampling",
    "reward model": "preferences",
    "confusion matrix": "mnist",
    "InfoNCE": "contrastive",
    "sparsemax": "beyond-softmax",
    "log_softmax": "stability",
}
FIRST = {"log-sum-exp": 4}
BUDGET = 150_000  # bytes, compressed as a web server would send them
SEARCH = "/_search/"


def open_dialog(page):
    """Open the dialog as a reader does, and return its field."""
    page.wait_for_load_state("load")
    page.keyboard.press("Control+k")
    return page.locator("#pst-search-dialog input")


def results(page, query):
    """Type a query into the open dialog, and return the addresses of its results."""
    page.locator("#pst-search-dialog input").fill(query)
    page.locator("#pst-search-dialog .search-summary", has_text="found").wait_for()
    links = page.locator("#pst-search-dialog li > a")
    return links.evaluate_all("all => all.map(link => link.href)")


@pytest.fixture(scope="module")
def dialog(visit, address):
    """Open the dialog on a page."""
    page = visit(f"{address}/book/errata.html")
    open_dialog(page)
    return page


@pytest.mark.parametrize("query", QUERIES)
def test_search_finds_the_chapter(dialog, query):
    pages = [link.split("#")[0].split("/")[-1] for link in results(dialog, query)]
    first = pages[: FIRST.get(query, 3)]
    assert f"{QUERIES[query]}.html" in first, f"“{query}” finds {pages}."


def test_result_leads_to_the_section(dialog):
    (_, link, *_) = results(dialog, "label smoothing")
    assert link.endswith("/book/cross-entropy.html#label-smoothing-another-target")


@pytest.mark.parametrize("query", ["logit", "Logits", "label smoothing", "log-sum-exp"])
def test_entry_of_the_glossary_comes_first(dialog, query):
    first = results(dialog, query)[0]
    term = query.removesuffix("s").lower().replace(" ", "-")
    assert first.endswith(f"/book/notation.html#term-{term}")


def test_whole_word_comes_before_the_beginning_of_others(dialog):
    results(dialog, "exp")
    first = dialog.locator("#pst-search-dialog li").first
    first.locator("mark").first.wait_for()
    assert first.locator("mark").first.text_content().lower() == "exp"


def test_snippet_is_the_text_that_has_the_words(dialog):
    results(dialog, "common shift")
    first = dialog.locator("#pst-search-dialog li").first
    first.locator("mark").first.wait_for()
    assert first.locator("mark", has_text="shift").count() > 0
    assert "Contents" not in first.locator(".context").text_content()


def test_search_says_when_it_finds_nothing(dialog):
    assert results(dialog, "qqqqqqqq") == []
    assert dialog.get_by_role("status").get_by_text("Nothing found for “qqqqqqqq”.").is_visible()


def test_arrow_keys_lead_through_the_results(dialog):
    links = results(dialog, "temperature")
    dialog.locator("#pst-search-dialog input").press("ArrowDown")
    assert dialog.evaluate("document.activeElement.href") == links[0]
    dialog.keyboard.press("ArrowUp")
    assert dialog.evaluate("document.activeElement.name") == "q"


@pytest.mark.slow
def test_section_of_the_same_page_closes_the_dialog(visit, address):
    page = visit(f"{address}/book/cross-entropy.html")
    open_dialog(page)
    section = "cross-entropy.html#label-smoothing-another-target"
    results(page, "label smoothing")
    page.locator(f"#pst-search-dialog li > a[href*='{section}']").click()
    page.wait_for_url(f"**/{section}")
    assert not page.locator("#pst-search-dialog").is_visible()


@pytest.mark.slow
def test_nothing_is_loaded_before_the_search_and_little_for_it(visit, address):
    page = visit(f"{address}/book/attention.html")
    page.wait_for_load_state("networkidle")
    fetched = {}
    loaded = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert not [name for name in loaded if "language_data" in name or SEARCH in name]
    assert not [name for name in loaded if "searchindex" in name or "searchtools" in name]
    page.on("response", lambda response: fetched.update({response.url: response}))
    open_dialog(page)
    results(page, "softmax")
    page.wait_for_load_state("networkidle")
    weight = sum(len(gzip.compress(response.body())) for response in list(fetched.values()))
    assert any(name.endswith(f"{SEARCH}index.js") for name in fetched)
    assert weight < BUDGET, f"A search loads {weight / 1000:.0f} kB."


def test_search_page_works_as_a_file(visit, site):
    page = visit(f"{site.as_uri()}/search.html?q=overflow")
    link = page.locator("#search-results a", has_text="Where the exponential breaks")
    link.first.wait_for()
    page.locator("#search-results mark").first.wait_for()
    link.first.click()
    page.wait_for_url("**/stability.html#where-the-exponential-breaks")


@pytest.mark.slow
def test_search_page_follows_what_is_typed(visit, address):
    page = visit(f"{address}/search.html")
    page.locator("main form.bd-search input").fill("sparsem")
    page.locator("#search-results li").first.wait_for()
    page.locator("main form.bd-search input").fill("")
    page.locator("#search-results li").first.wait_for(state="detached")


@pytest.mark.parametrize("width", mostly_slow([1280, 390], 390))
def test_icon_does_not_cover_the_first_letter(visit, address, width):
    page = visit(f"{address}/search.html", width=width)
    page.wait_for_load_state("load")
    for form in ("main form.bd-search", "#pst-search-dialog form.bd-search"):
        if form.startswith("#"):
            page.evaluate("document.querySelector('#pst-search-dialog').showModal()")
        icon, first_letter = page.locator(form).evaluate(
            "form => { const input = form.querySelector('input');"
            " return [form.querySelector('i').getBoundingClientRect().right,"
            " input.getBoundingClientRect().left + parseFloat(getComputedStyle(input).paddingLeft)"
            "]; }"
        )
        assert icon < first_letter, form
