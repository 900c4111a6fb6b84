"""The live figures on a phone, in wide fonts: nothing is cut, whichever font a reader has.

The font comes with Matplotlib, so that the result does not depend on the fonts of this machine.
DejaVu Sans is wider than the usual fonts of browsers. Readers may spread it further: by as much as
WCAG 2.2 asks for in criterion 1.4.12.
"""

import base64
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest

from softmax import live
from tests.browser.figures import (
    THEMES,
    find,
    misfits,
    mostly_slow,
    switch_theme,
    too_wide,
    unfold,
    write_page,
)

FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")
PHONES = (342, 390)
SPREAD = "body { letter-spacing: 0.12em; word-spacing: 0.16em; }"
BEARS = [f"polar bear {k}" for k in range(8)]


RNG = np.random.default_rng(0)
CLASSIFIER = SimpleNamespace(coef_=RNG.normal(size=(10, 784)), intercept_=np.zeros(10))
# Each with long names and long numbers.
FIGURES = {
    "logits": live.logits([0, -100, 100, 3, 1, 2, 3, -50.25], BEARS),
    "gradient": live.gradient([0, -20, 20, 3, 1], 1, BEARS[:5]),
    "gradient of a guess": live.gradient(np.zeros(5), 1, BEARS[:5]),
    "gradient of a long word": live.gradient([0, 1], 1, ["hippopotamuses", "a"]),
    "descent": live.descent(10, BEARS[:3], rate=0.1),
    "divergence": live.divergence([0.61, 0.2, 0.01, 0.18], [0.01, 0.2, 0.61, 0.18], BEARS[:4]),
    "jacobian": live.jacobian([0, -8, 8, 3, 1], 1, BEARS[:5]),
    "precision": live.precision([1.0, 1.1, 1.2], "float32", 100),
    "precision of float16": live.precision([-1, 1.1, 1.2], "float16", 1e4, labels=BEARS[:3]),
    "attention": live.attention(
        [-0.25, 1.75],
        RNG.uniform(-1.5, 1.5, (5, 2)),
        RNG.normal(size=(5, 2)),
        BEARS[:5],
        features=["hippopotamuses", "feathers"],
    ),
    "digit": live.draw_digit(CLASSIFIER, RNG.uniform(size=(1, 784)), [3]),
    "digit in short": live.draw_digit(CLASSIFIER, RNG.uniform(size=(1, 784)), [3], compact=True),
    "calibration": live.calibration(4 * np.eye(3), [0, 1, 1], 4 * np.eye(3), [0, 1, 2]),
    "triage": live.triage(
        8 * RNG.normal(size=(9_000, 10)),
        RNG.integers(0, 10, 9_000),
        RNG.uniform(size=(9_000, 784)),
        ["hippopotamuses", *BEARS, "a"],
    ),
    "playground": live.playground(),
    "contrastive": live.contrastive(
        [20, 110, 200, 300, 60, 250], [150, 60, 330, 220, 0, 90], BEARS[:6], temperature=0.05
    ),
    "drift": live.drift([0, -4, 4, 3.75], 1, BEARS[:4], shift=600),
    "gumbel": live.gumbel([-4, 4, 0.05, 3.75, -1.25], BEARS[:5], tau=0.05),
    "sampling": live.sampling(
        -25 * RNG.uniform(size=(20, 20)), [f"belonged{k}" for k in range(20)], "belonged7"
    ),
    "sparsemax": live.sparsemax([-1.25, 1.25, 0.05], BEARS[:3], alpha=1.05),
    "vocabulary": live.vocabulary(
        np.linspace(5, -5, 24), 21, ["hippopotamuses", *(f"belonged{k}" for k in range(23))]
    ),
    "blocks": live.blocks(np.linspace(-6, 6, 16), RNG.normal(size=(16, 2)), block=5),
    "preferences": live.preferences(
        BEARS[:6], np.full(6, 1 / 6), comparisons=[(k % 6, 0) for k in range(60) if k % 6], beta=0.1
    ),
    "decision": live.decision(
        [0.66, 0.04], RNG.uniform(-20, 20, (2, 6)), RNG.uniform(-20, 20, 6), BEARS[:6]
    ),
}
# A matrix of six pairs with long names is wider than a phone, and scrolls.
SCROLLS = {"contrastive"}
# What brings numbers into a figure that starts without.
BUTTONS = {"digit": "Test digit: 3", "digit in short": "Test digit: 3", "playground": "100 steps"}


@pytest.fixture(scope="module")
def font():
    """Return the style that gives a page the wide font."""
    faces = []
    for name, weight in [("DejaVuSans", 400), ("DejaVuSans-Bold", 600)]:
        data = base64.b64encode((FONTS / f"{name}.ttf").read_bytes()).decode()
        source = f"url(data:font/ttf;base64,{data})"
        faces.append(f"@font-face {{ font-family: wide; font-weight: {weight}; src: {source}; }}")
    return "\n".join([*faces, "body { font-family: wide; }"])


@pytest.fixture
def open_figure(visit, tmp_path, font):
    """Return a function that opens a figure of `FIGURES` in the wide font."""

    def show(name):
        page = visit(write_page(tmp_path, FIGURES[name]), width=PHONES[0], has_touch=True)
        page.add_style_tag(content=font)
        assert page.evaluate("matchMedia('(pointer: coarse)').matches")
        load = "weight => document.fonts.load(`${weight} 15px wide`).then(faces => faces.length)"
        assert [page.evaluate(load, weight) for weight in (400, 600)] == [1, 1]
        figure = find(page, name.split()[0])
        if name in BUTTONS:
            figure.get_by_role("button", name=BUTTONS[name]).click()
        return page, unfold(figure)

    return show


def scrolled(figure):
    """Return by how many pixels each table of a figure is wider than its box."""
    return figure.locator(".scroll").evaluate_all(
        "all => all.map(box => box.scrollWidth - box.clientWidth)"
    )


@pytest.mark.parametrize("name", mostly_slow(FIGURES, "logits"))
def test_a_figure_is_seen_whole_on_a_phone(open_figure, name):
    page, figure = open_figure(name)
    for width in PHONES:
        page.set_viewport_size({"width": width, "height": 900})
        assert_fits(page, figure)
        assert name in SCROLLS or set(scrolled(figure)) <= {0}
    # With letters further apart, a table scrolls in its box.
    page.add_style_tag(content=SPREAD)
    for width in PHONES:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in THEMES:
            switch_theme(page, theme)
            assert_fits(page, figure)


def assert_fits(page, figure):
    assert too_wide(page) == 0
    assert misfits(figure) == []
