"""Where JavaScript is off, each live figure is a picture and a sentence."""

import pytest

from tests.browser.figures import mostly_slow
from tests.site.test_site import soup

# The figure -> the page that shows it, and what its alternative text says among other things.
FIGURES = {
    "logits": ("definition", "panda 0.664"),
    "gradient": ("cross-entropy", "panda +0.336"),
    "decision": ("classification", "seal 0.25, panda 1.23, duck -0.80. The answer is panda"),
    "descent": ("cross-entropy", "squared error 652"),
    "divergence": ("cross-entropy", "the divergence 0.276 on top"),
    "jacobian": ("derivation", "panda +0.112"),
    "precision": ("stability", "2.408 by naive, 2.408 by shifted"),
    "attention": ("attention", "seal 0.265, panda 0.013, duck 0.721"),
    "playground": ("softmax-regression", "30 points of 3 classes"),
    "digit": ("mnist", "speak for a"),
    "calibration": ("calibration", "Two reliability diagrams"),
    "triage": ("fashion-mnist", "decides 9,233 of 10,000 pictures, 1,124 of them wrongly"),
    "sparsemax": ("beyond-softmax", "sparsemax: seal 0.010, panda 0.990, duck 0.000"),
    "blocks": ("fast-attention", "(0.91, 0.18), (0.67, -0.40)"),
    "contrastive": ("contrastive", "seal 0.106, panda 0.364"),
    "drift": ("large-models", "seal 100, panda 101, duck 99"),
    "gumbel": ("learning-from-choices", "The largest is duck"),
    "sampling": ("sampling", "house 0.133, malt 0.122, rat 0.111"),
    "vocabulary": ("large-vocabularies", "the loss of duck is"),
    "preferences": ("preferences", "“Pandas eat bamboo.” from 0.25 to 0.37"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_picture_says_what_it_shows(name):
    page, words = FIGURES[name]
    (picture,) = soup(f"book/{page}.html").select(f"softmax-{name} img")
    assert words in picture["alt"]


# They differ in their pictures only, so one is not slow.
@pytest.mark.parametrize("name", mostly_slow(FIGURES, "logits"))
def test_without_javascript_there_is_a_picture_and_a_sentence(visit, address, name):
    page = visit(f"{address}/book/{FIGURES[name][0]}.html", java_script_enabled=False)
    assert page.locator(f"softmax-{name} img").is_visible()
    assert page.locator(f"softmax-{name} p").is_visible()


def test_formulas_are_whole_without_javascript(visit, address):
    page = visit(f"{address}/404.html", java_script_enabled=False)
    with page.expect_response("**/MathJax_Math-Italic.woff") as font:
        page.goto(f"{address}/book/derivation.html")
    assert font.value.ok
    fraction = page.locator("div.math mjx-mfrac").first
    assert fraction.bounding_box()["height"] > 20
    assert "\\frac" not in page.locator("main").inner_text()
