"""The controls around the text: they show where the keyboard is, and are readable."""

import pytest

from tests.browser.figures import mostly_slow

PAGE = "book/classification.html"
# Each must show a ring: an outline, or a shadow of the same breadth.
RING = """node => {
  const { outlineStyle, outlineWidth, boxShadow, opacity } = getComputedStyle(node);
  const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  return Number(opacity) === 1 && (outlined || /0px 0px 0px [23](.5)?px/.test(boxShadow));
}"""
CONTRAST = """node => {
  const { color, backgroundColor } = getComputedStyle(node);
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((x) => {
      const c = x / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low, high] = [luminance(color), luminance(backgroundColor)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""


@pytest.mark.parametrize("width", mostly_slow([1280, 390], 390))
def test_every_control_shows_that_it_has_the_focus(visit, address, width):
    page = visit(f"{address}/{PAGE}", width=width)
    page.wait_for_load_state("load")
    page.add_style_tag(content="* { transition: none !important; }")
    page.keyboard.press("Tab")
    controls = page.locator(
        "button:visible, summary:visible, .header-article-items a:visible, .navbar-brand:visible"
    )
    assert controls.count() > 8
    bare = controls.evaluate_all(
        f"all => all.filter(node => {{ node.focus(); return !({RING})(node); }})"
        ".map(node => node.outerHTML.slice(0, 120))"
    )
    assert not bare, "\n".join(bare)


@pytest.mark.parametrize("theme", mostly_slow(["light", "dark"], "light"))
def test_back_to_top_is_readable(visit, address, theme):
    page = visit(f"{address}/{PAGE}", width=1000, theme=theme)
    page.wait_for_load_state("load")
    button = page.locator("#pst-back-to-top")
    button.evaluate("node => (node.style.display = 'block')")
    assert button.evaluate(CONTRAST) >= 4.5
    button.hover()
    page.wait_for_function(f"() => ({CONTRAST})(document.querySelector('#pst-back-to-top')) >= 4.5")


@pytest.mark.slow
def test_back_to_top_covers_nothing_on_a_phone(visit, address):
    page = visit(f"{address}/book/mnist.html", width=390)
    page.wait_for_load_state("load")
    page.evaluate("scrollTo(0, 4000)")
    page.wait_for_function("scrollY > 3000")
    page.evaluate("scrollTo(0, 3000)")  # upward, which is when the theme shows it
    page.wait_for_function("scrollY < 3500")
    page.wait_for_timeout(300)
    assert not page.locator("#pst-back-to-top").is_visible()


def test_proof_is_not_a_card_and_rules_of_the_book_are_in_force(visit, address):
    page = visit(f"{address}/book/derivation.html")
    shadow = page.locator("div.proof.admonition[class='proof admonition']").first
    assert shadow.evaluate("node => getComputedStyle(node).boxShadow") == "none"


# Boxes by what they do: whether a stop of the keyboard, and whether they scroll.
BOXES = """() => {
  const boxes = [...document.querySelectorAll("main pre, main .pst-scrollable-table-container")];
  const scrolls = (box) => box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
  return boxes.map((box) => [box.tabIndex === 0, scrolls(box)]);
}"""


def test_boxes_that_scroll_and_no_others_are_stops_of_the_keyboard(visit, address):
    page = visit(f"{address}/book/large-vocabularies.html", width=390)
    right = f"() => ({BOXES})().every(([stop, scrolls]) => stop === scrolls)"
    page.wait_for_function(right)  # one by one, while the browser has nothing else to do
    narrow = sum(stop for stop, _ in page.evaluate(BOXES))
    page.set_viewport_size({"width": 1280, "height": 900})
    page.wait_for_function(right)
    assert 0 < sum(stop for stop, _ in page.evaluate(BOXES)) < narrow
    # The output of a cell that is run on the page.
    page.evaluate("document.querySelector('.cell').append(document.createElement('pre'))")
    page.evaluate("document.querySelector('.cell > pre').textContent = 'wide '.repeat(100)")
    page.wait_for_function("document.querySelector('.cell > pre').tabIndex === 0")
    # The theme, which lays out the whole page to give others a -1, leaves them alone.
    assert page.locator("pre[tabindex='-1']").count() == 0
