"""Reading on: the line of progress, ticks in the sidebar, neighbors at the top, the title once."""

import pytest

from tests.browser.figures import mostly_slow

CHAPTER = "/book/classification.html"
TICK = "nav.bd-docs-nav a:has(.tick)"


def read_to_the_end(page):
    page.wait_for_load_state("load")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.locator("nav.bd-docs-nav .current .tick").wait_for(state="attached")


def test_chapter_that_is_read_to_its_end_has_a_tick_on_every_page(visit, address):
    page = visit(f"{address}{CHAPTER}")
    assert page.locator(TICK).count() == 0
    page.evaluate("scrollTo(0, 2000)")
    page.wait_for_function("scrollY > 1000")
    assert page.locator(TICK).count() == 0
    read_to_the_end(page)
    page.goto(f"{address}/book/coursework/hw1.html")
    page.locator(TICK).wait_for(state="attached")
    assert page.locator(TICK).evaluate_all("all => all.map(a => a.pathname)") == [CHAPTER]
    assert page.locator(".tick").get_attribute("aria-label") == "read"


def test_line_follows_the_chapter(visit, address):
    page = visit(f"{address}{CHAPTER}")
    page.wait_for_load_state("load")
    line = page.locator(".reading-line")
    width = "e => e.getBoundingClientRect().width / innerWidth"
    assert line.evaluate(width) == pytest.approx(0, abs=0.01)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function(
        "document.querySelector('.reading-line').getBoundingClientRect().width > innerWidth - 30"
    )


def test_pages_that_are_not_chapters_have_no_line(visit, address):
    page = visit(f"{address}/book/errata.html")
    page.wait_for_load_state("load")
    assert page.locator(".reading-line").count() == 0


@pytest.mark.slow
def test_nothing_breaks_where_the_browser_keeps_nothing(visit, address):
    page = visit(f"{address}/404.html")
    page.add_init_script(
        "const { getItem, setItem } = Storage.prototype;"
        "const blocked = (act) => function (key, ...rest) {"
        " if (key.includes('read')) throw new DOMException('blocked', 'SecurityError');"
        " return act.call(this, key, ...rest); };"
        "Storage.prototype.getItem = blocked(getItem);"
        "Storage.prototype.setItem = blocked(setItem);"
    )
    page.goto(f"{address}{CHAPTER}")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function(
        "document.querySelector('.reading-line').getBoundingClientRect().width > innerWidth - 30"
    )


@pytest.mark.parametrize("width", mostly_slow([1280, 390], 390))
def test_neighbors_are_at_the_top(visit, address, width):
    page = visit(f"{address}/book/sampling.html", width=width)
    neighbors = page.get_by_role("navigation", name="Neighboring pages")
    names = {"Previous page: 11. Fast": "fast-attention", "Next page: 13. Learning": "learning-"}
    for name, target in names.items():
        link = neighbors.get_by_role("link", name=name)
        box = link.bounding_box()
        assert box["y"] < 100
        assert min(box["width"], box["height"]) >= 24
        assert target in link.get_attribute("href")
    assert page.evaluate("document.querySelector('.bd-header-article').scrollWidth <= innerWidth")


@pytest.mark.slow
def test_sidebar_says_the_title_once(visit, address):
    page = visit(f"{address}/book/sampling.html")
    sidebar = page.locator("#pst-primary-sidebar").inner_text()
    assert sidebar.count("Softmax from First Principles") == 1
    page.locator("#pst-primary-sidebar .navbar-brand").click()
    page.wait_for_url("**/book/index.html")


def test_names_of_parameters_are_whole_on_a_phone(visit, address):
    page = visit(f"{address}/book/api.html", width=390)
    broken = page.evaluate("""() => {
        const lines = name => {
            const range = document.createRange();
            range.selectNodeContents(name);
            return new Set([...range.getClientRects()].map(box => box.top)).size;
        };
        const names = [...document.querySelectorAll("dl.py dl.simple > dt > strong")];
        return [names.length, names.filter(name => !/\\s/.test(name.textContent) && lines(name) > 1)
            .map(name => name.textContent)];
    }""")
    assert broken[0] > 100
    assert broken[1] == []
