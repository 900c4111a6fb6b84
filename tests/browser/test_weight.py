"""What a reader's browser has to fetch to show a page for the first time."""

import gzip
import re

import pytest

from tools.references import toc_pages

pytestmark = pytest.mark.slow

# In bytes, compressed as a web server would send them.
BUDGET = 350_000
COMPRESSED_ALREADY = (".png", ".jpg", ".woff", ".woff2", ".gz")
# What a live figure starts from, such as the weights of a classifier, and its picture: part of the
# page, but not of the budget.
DATA = re.compile(rb"<softmax-(\w+) .*?</softmax-\1>", re.DOTALL)


# A picture may have two pixels for each of the page's, for screens of double density.
PICTURES = """[...document.querySelectorAll(".bd-article img[width]")]
  .filter(image => image.checkVisibility()).map(image =>
  [image.getAttribute("width") / image.getBoundingClientRect().width, image.alt])"""


@pytest.fixture(scope="module")
def loaded(browser, address):
    """Load each page once, with an empty cache.

    Return by name the bytes that it fetched, by path, and its pictures: how many times as wide as
    shown each is, and its alternative text.
    """
    known = {}  # what several pages fetch is compressed once

    def weight(response):
        if response.url not in known:
            content = DATA.sub(b"", response.body())
            packed = response.url.endswith(COMPRESSED_ALREADY)
            known[response.url] = len(content if packed else gzip.compress(content))
        return known[response.url]

    def load(name):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        responses = []
        page.on("response", lambda response: responses.append(response))
        page.goto(f"{address}/{name}.html", wait_until="load")
        page.wait_for_load_state("networkidle")
        fetched = {response.url: response for response in responses if response.ok}
        weights = {url.removeprefix(address): weight(r) for url, r in fetched.items()}
        pictures = page.evaluate(PICTURES)
        context.close()
        return weights, pictures

    return {name: load(name) for name in toc_pages()}


def test_first_load_of_each_page_is_within_the_budget(loaded, record_property):
    pages = {name: weights for name, (weights, _) in loaded.items()}
    table = [f"{'first load, kB compressed':32}{'page':>6}{'all':>7}   budget {BUDGET // 1000}"]
    for name, weights in pages.items():
        own = weights[f"/{name}.html"]
        table.append(f"{name:32}{own / 1000:6.0f}{sum(weights.values()) / 1000:7.0f}")
    record_property("table", "\n".join(table))
    for name, weights in pages.items():
        heaviest = sorted(weights.items(), key=lambda item: -item[1])[:3]
        assert sum(weights.values()) <= BUDGET, f"{name} is too heavy; most of it is {heaviest}."


def test_pictures_are_not_larger_than_they_are_shown(loaded):
    for name, (_, pictures) in loaded.items():
        for ratio, alt in pictures:
            assert ratio <= 2, f"{name} shows a picture at 1/{ratio:.1f} of its size: {alt}"


# A phone when a page has loaded and nobody has touched it yet: numbers, not seconds, so that
# the machine does not matter.
STATE = """() => {
  const fetched = performance.getEntriesByType("resource").filter((r) => !/^data:/.test(r.name));
  const blocking = fetched.filter((r) => r.renderBlockingStatus === "blocking");
  const elements = [...document.querySelectorAll("body *")];
  const laidOut = elements.filter((e) => e.checkVisibility({ contentVisibilityAuto: true }));
  return {
    blocking: blocking.map((r) => r.name.split("/").pop().split("?")[0]),
    requests: fetched.length,
    elements: elements.length,
    "laid out": laidOut.length,
    "pictures in the page": document.querySelectorAll("img[src^='data:']").length,
  };
}"""
MOST = {
    "requests": 30,
    "elements": 22_000,
    "laid out": 4_500,
    "pictures in the page": 0,
}


def test_phone_is_not_made_to_do_what_the_reader_does_not_see(browser, address, record_property):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    states = {}
    for name in toc_pages():
        page.goto(f"{address}/{name}.html", wait_until="networkidle")
        states[name] = page.evaluate(STATE)
    context.close()
    rows = [f"{name:32}{[state[key] for key in MOST]}" for name, state in states.items()]
    record_property("table", "\n".join([f"{'on a phone':32}{list(MOST)}", *rows]))
    for name, state in states.items():
        assert state["blocking"] == ["style.css"], name
        for key, most in MOST.items():
            assert state[key] <= most, f"{name} has {state[key]} for {key}; at most {most}."
