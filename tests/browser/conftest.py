"""A real browser for the tests of this folder: Chromium, driven by Playwright.

It is looked for in $SOFTMAX_CHROMIUM, then on the PATH. Where there is none the tests are skipped,
except where $CI is set: there they fail.
"""

import os
import shutil
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.figures import click, find, write_page
from tools.references import ROOT

# First the same engine without a desktop browser's windows: a page opens for a third of the work.
NAMES = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOW_TO_GET_ONE = (
    "No Chromium found. On Debian or Ubuntu: apt-get install chromium-headless-shell, or chromium. "
    "Elsewhere install Chrome or Chromium, and name its program in SOFTMAX_CHROMIUM."
)


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files without a line for each on the terminal."""

    def log_message(self, *arguments):
        """Say nothing."""


@contextmanager
def serve(folder):
    """Serve a folder on this machine, and give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def chromium_path():
    """Return the path of the browser. Without one, skip the test or, where $CI is set, fail it."""
    named = os.environ.get("SOFTMAX_CHROMIUM")
    path = next(filter(None, map(shutil.which, [named] if named else NAMES)), None)
    if path:
        return path
    if named:
        pytest.fail(f"SOFTMAX_CHROMIUM must name a program, got {named!r}.", pytrace=False)
    if os.environ.get("CI"):
        pytest.fail(HOW_TO_GET_ONE, pytrace=False)
    pytest.skip(HOW_TO_GET_ONE)


# For the tests of this folder, not for the session: while Playwright is at work, this thread has a
# running event loop, which nbval and others that may come next in this process do not expect.
@pytest.fixture(scope="package")
def browser():
    """Start a browser with a new and empty profile."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def modules():
    """Give the address of the JavaScript modules of the live figures."""
    with serve(ROOT / "softmax" / "live") as address:
        yield address


@pytest.fixture(scope="package")
def address(site):
    """Give the address of the built site."""
    with serve(site) as address:
        yield address


@pytest.fixture(scope="module")
def visit(browser):
    """Return a function that opens an address in a window of its own.

    `width`, `theme` and further options of a Playwright context say which. The windows stay open
    until the last test of the file, so that tests may share one; `quiet` watches all of them.
    """
    contexts, problems = [], []

    def open_page(url, *, width=1280, theme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(300_000)  # for what hangs: a busy machine is slow
        host = "/".join(url.split("/")[:3])
        note_problems(page, host, problems)
        page.goto(url, wait_until="domcontentloaded")
        return page

    open_page.problems = problems
    yield open_page
    for context in contexts:
        context.close()


# A file of tests names its live figure in `FIGURE`, and in `WINDOW` what `visit` takes besides.


@pytest.fixture(scope="module")
def file(request, tmp_path_factory):
    """Give the address of a page with the live figure and nothing else."""
    return write_page(tmp_path_factory.mktemp("page"), request.module.FIGURE)


@pytest.fixture(scope="module")
def page(request, visit, file):
    """Give this page in a window that the tests of the file share."""
    return visit(file, **getattr(request.module, "WINDOW", {}))


@pytest.fixture
def figure(request, page):
    """Give the figure of this page as it starts."""
    figure = find(page, request.module.FIGURE.name)
    click(figure, "Reset")
    return figure


@pytest.fixture(autouse=True)
def quiet(visit):
    """Fail a test in which a page wrote an error, missed a file or asked another host."""
    yield
    problems = visit.problems[:]
    visit.problems.clear()
    assert not problems, "\n".join(problems)


def note_problems(page, host, problems):
    """Add a line to `problems` for whatever goes wrong on a page."""

    def error(text):
        problems.append(f"{page.url}: {text}")

    def request(request):
        if not request.url.startswith((host, "data:", "blob:")):
            problems.append(f"{page.url} asks {request.url}")

    def failed(request):
        # Aborted: a page that is left, or a script preloaded where JavaScript is off.
        if request.failure not in ("net::ERR_ABORTED", "csp"):
            problems.append(f"{page.url} lacks {request.url}: {request.failure}")

    def response(response):
        if response.status >= 400:
            problems.append(f"{page.url}: {response.status} for {response.url}")

    page.on("console", lambda message: message.type == "error" and error(message.text))
    page.on("pageerror", lambda exception: error(str(exception)))
    page.on("request", request)
    page.on("requestfailed", failed)
    page.on("response", response)
