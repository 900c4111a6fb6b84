"""How the tests find a live figure on its page, and read and move what it holds."""

import json

import pytest

THEMES = ("light", "dark")
# Differences of the last digits: the exponential of the browser is not that of NumPy.
TOLERANCE = 1e-12


def mostly_slow(values, *typical):
    """Return values as parameters of a test, which is slow for all but the typical ones."""
    slow = pytest.mark.slow
    return [pytest.param(value, marks=[] if value in typical else slow) for value in values]


# What is too wide is so on a phone first.
WIDTHS = mostly_slow([390, 600, 1280], 390)


def find(page, name):
    """Return the figure `name` of a page, once its script has run."""
    page.wait_for_function(f"!!customElements.get('softmax-{name}')")
    figure = page.locator(f"softmax-{name}")
    figure.scroll_into_view_if_needed()
    return figure


def unfold(figure, is_open=True):
    """Open what is folded in a figure, or close it, and return the figure."""
    figure.locator("details").evaluate_all(
        "(all, isOpen) => all.forEach(e => (e.open = isOpen))", is_open
    )
    return figure


def start(figure):
    """Return what the figure started from."""
    return json.loads(figure.get_attribute("data-start"))


def values(figure, selector):
    """Return the numbers in data-value of all elements that match, with all of their digits."""
    numbers = figure.locator(selector).evaluate_all("all => all.map(e => e.dataset.value)")
    return [float(number) for number in numbers]


def control(figure, label):
    """Return the control with exactly this accessible name."""
    return figure.get_by_label(label, exact=True)


def button(figure, name):
    """Return the button with exactly this text."""
    return figure.get_by_role("button", name=name, exact=True)


def click(figure, name):
    """Press a button with the mouse."""
    button(figure, name).click()


def press(locator, key, times=1):
    """Focus a control and press a key on it."""
    locator.focus()
    for _ in range(times):
        locator.press(key)


def drag(page, slider, share):
    """Drag the knob of a slider to a share of its width, with the mouse."""
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    at = float(slider.evaluate("e => e.style.getPropertyValue('--at')"))
    page.mouse.move(box["x"] + at * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + share * box["width"], middle, steps=5)
    page.mouse.up()


def switch_theme(page, theme):
    """Switch the theme in place, as the button of the site does."""
    page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)


def wait_for_status(figure, words):
    """Wait until the live region says something with these words, and return all of it."""
    status = figure.get_by_role("status").filter(has_text=words)
    status.wait_for()
    return status.text_content()


def wait_for_rest(locator):
    """Wait until an element has been at the same place of the window for some frames."""
    locator.evaluate(
        "e => new Promise(done => { let last, still = 0; const look = () => {"
        " const { x, y } = e.getBoundingClientRect(); still = last === `${x} ${y}` ? still + 1 : 0;"
        " last = `${x} ${y}`; still < 20 ? requestAnimationFrame(look) : done(); }; look(); })"
    )


def too_wide(page):
    """Return by how many pixels the page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def misfits(figure):
    """Return the parts of a figure that reach beyond its right edge or are cut, as HTML.

    A table may be wider than the figure where it scrolls in a box of its own.
    """
    return figure.evaluate(
        "e => [...e.shadowRoot.querySelectorAll('*')].filter(n => "
        "(!n.parentElement?.closest('.scroll') && "
        "n.getBoundingClientRect().right > e.getBoundingClientRect().right + 0.5) || "
        "(n.matches('td, th, dt, dd, button, label') && n.scrollWidth > n.clientWidth && "
        "getComputedStyle(n).display !== 'inline')).map(n => n.outerHTML)"
    )


def assert_fits(figure):
    """Assert that neither the page nor a part of the figure is too wide."""
    assert too_wide(figure.page) == 0
    assert misfits(figure) == []


def assert_follows_the_theme(*nodes):
    """Switch the theme to dark and back, and compare the colors of elements."""
    style = "e => { const s = getComputedStyle(e); return s.fill + s.stroke + s.backgroundColor; }"
    seen = []
    for theme in (*THEMES, "light"):
        switch_theme(nodes[0].page, theme)
        seen.append([node.evaluate(style) for node in nodes])
    light, dark, again = seen
    assert all(a != b for a, b in zip(light, dark, strict=True))
    assert again == light


def span(figure, *selectors):
    """Return the height of the part of a figure that holds all elements that match, in pixels.

    What a reader moves and what it changes must be in sight together.
    """
    parts = [part for selector in selectors for part in figure.locator(selector).all()]
    boxes = [part.bounding_box() for part in parts]
    return max(box["y"] + box["height"] for box in boxes) - min(box["y"] for box in boxes)


def write_page(folder, *figures):
    """Write a page with these live figures and nothing else, and return its address."""
    path = folder / "page.html"
    html = "".join(figure._repr_html_() for figure in figures)
    head = "<!doctype html><meta charset=utf-8><meta name=viewport content=width=device-width>"
    path.write_text(f"{head}{html}", encoding="utf-8")
    return path.as_uri()


def close(numbers):
    """Return what equals these numbers but for rounding, for ``assert found == close(numbers)``."""
    return pytest.approx([float(number) for number in numbers], rel=TOLERANCE, abs=TOLERANCE)


def follow_link(page, link):
    """Follow a link to a place of the page, and wait until it has been read."""
    page.evaluate(
        "hash => new Promise(done => { addEventListener('hashchange', done, { once: true });"
        " location.hash = hash; })",
        link,
    )


def address_of(page, name):
    """Return the part of the address that holds a figure's state, once it is written."""
    return page.wait_for_function(
        """name => {
          const state = Object.entries(document.querySelector(`softmax-${name}`).state());
          const written = `#${name}:` + state.map(([key, value]) => `${key}=${value}`).join("&");
          return location.hash === written && written;
        }""",
        arg=name,
    ).json_value()
