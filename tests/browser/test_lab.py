"""A live figure in JupyterLab: open a chapter as a notebook, run it, operate the figure."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

import softmax as sm
from tests.browser.figures import close, control, find, press, values, wait_for_status
from tools.references import ROOT

pytestmark = pytest.mark.slow  # JupyterLab takes half a minute to start

CHAPTER = "definition"
AS_NOTEBOOK = {"defaultViewers": {"markdown": "Jupytext Notebook", "myst": "Jupytext Notebook"}}
QUIET = {"fetchNews": "false", "checkForUpdates": False}
ALL_CELLS = {"windowingMode": "none"}  # otherwise only those near the view are on the page


def write_setting(folder, plugin, setting):
    path = folder / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(setting), encoding="utf-8")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Start JupyterLab in a folder with one chapter, its settings elsewhere than yours."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "book"
    folder.mkdir()
    shutil.copy(ROOT / "book" / f"{CHAPTER}.md", folder)
    settings = home / "settings"
    write_setting(settings, "docmanager-extension/plugin", AS_NOTEBOOK)
    write_setting(settings, "apputils-extension/notification", QUIET)
    write_setting(settings, "notebook-extension/tracker", ALL_CELLS)
    own = {
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": settings,
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    options = ["--ServerApp.ip=127.0.0.1", "--IdentityProvider.token=", f"--notebook-dir={folder}"]
    with open(home / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command + options,
            env=os.environ | {key: str(value) for key, value in own.items()},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield wait_for_address(process, home)
        finally:
            process.terminate()
            process.wait(30)


def wait_for_address(process, home):
    """Return the address of the server once it has written it down."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        for path in (home / "runtime").glob("jpserver-*.json"):
            return json.loads(path.read_text(encoding="utf-8"))["url"]
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{(home / 'log').read_text(encoding='utf-8')}")


@pytest.fixture(scope="module")
def figure(browser, lab):
    """Run all cells of the chapter, and return its live figure."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(300_000)
    page.goto(f"{lab}lab/tree/{CHAPTER}.md")
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    page.get_by_text("| Idle").wait_for()  # the kernel
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function("!!customElements.get('softmax-logits')")
    figure = find(page, "logits")
    yield figure
    page.close()


def test_the_figure_answers_to_the_keyboard(figure):
    press(control(figure, "Score of duck"), "ArrowRight", 3)
    assert values(figure, ".p") == close(sm.softmax([0.25, 1.23, -0.5]))
    wait_for_status(figure, "duck 0.1")
    assert control(figure, "Score of duck").evaluate("e => e.matches(':focus')")


def test_letters_typed_in_the_figure_are_no_commands(figure):
    field = control(figure, "Score of panda, as a number")
    cells = figure.page.locator(".jp-Cell").count()
    for key in "1e1b":  # b would make a new cell
        press(field, key)
    assert figure.page.locator(".jp-Cell").count() == cells


def test_the_figure_follows_the_theme_of_lab(figure):
    assert figure.get_attribute("data-theme") == "light"
    figure.page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    figure.page.wait_for_function(
        "document.querySelector('softmax-logits').dataset.theme === 'dark'"
    )
