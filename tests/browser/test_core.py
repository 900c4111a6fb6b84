"""The numerics of the live figures give what the package gives."""

import numpy as np
import pytest

import softmax as sm

# Relative: every digit but the last few, of small probabilities too.
CLOSE = {"rtol": 1e-12, "atol": 0}

RNG = np.random.default_rng(0)
ROWS = [
    [0.25, 1.23, -0.8],
    [0.0],
    [2.0, 2.0, 1.0],
    [0.0, -40.0],
    [700.0, 0.0, -700.0],
    [1e308, -1e308],
    [-0.0, 5e-324],
    [np.inf, 1.0, np.inf],
    [-np.inf, 1.0],
    [-np.inf, -np.inf],
    [np.nan, np.inf, 0.0],
    *(RNG.normal(scale=scale, size=size).tolist() for scale in (1, 10) for size in (2, 8, 500)),
]
TEMPERATURES = [0.05, 0.3, 1.0, 20.0]


@pytest.fixture(scope="module")
def evaluate(browser, modules):
    """Return a function that evaluates an expression of `core` and `x` for each x of a list."""
    page = browser.new_page()
    page.goto(f"{modules}/core.mjs")

    def run(expression, xs):
        return page.evaluate(
            "async ([expression, xs]) => { const core = await import('/core.mjs');"
            " return xs.map(new Function('core', 'x', `return ${expression}`).bind(null, core)); }",
            [expression, xs],
        )

    yield run
    page.close()


def assert_rows_close(found, expected):
    for row, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.array(row, float), other, **CLOSE)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize(
    ("name", "function"), [("softmax", sm.softmax), ("logSoftmax", sm.log_softmax)]
)
def test_softmax(evaluate, name, function, temperature):
    found = evaluate(f"core.{name}(x, {temperature})", ROWS)
    assert_rows_close(found, [function(row, temperature=temperature) for row in ROWS])


def test_sigmoid(evaluate):
    x = [-1000.0, -40.0, -0.3, 0.0, 2.0, 40.0, 1000.0, np.inf, -np.inf, np.nan]
    np.testing.assert_allclose(evaluate("core.sigmoid(x)", x), sm.sigmoid(x), **CLOSE)


def test_argmax_is_the_first_of_the_largest(evaluate):
    rows = [row for row in ROWS if not np.isnan(row).any()]
    assert evaluate("core.argmax(x)", rows) == [int(np.argmax(row)) for row in rows]


def test_logarithmic_scale_reaches_its_ends_and_one(evaluate):
    expression = "core.logScale(0.05, 20, 200).from(x)"
    assert evaluate(expression, [0, 100, 200]) == [0.05, 1.0, 20.0]
    assert evaluate("core.logScale(0.05, 20, 200).to(x)", [0.05, 1, 20]) == [0, 100, 200]


@pytest.mark.parametrize(
    ("expression", "texts"),
    [
        ("core.format(x)", {1.005: "1.00", -0.8: "−0.80", -0.001: "0.00"}),
        (
            "core.formatProbability(x)",
            {0: "0.000", 0.0004: "4.0×10⁻⁴", 0.2489: "0.249", 1: "1.000"},
        ),
        (
            "core.listed('abc'.split('').slice(0, x))",
            {0: "", 1: "a", 2: "a and b", 3: "a, b and c"},
        ),
    ],
)
def test_numbers_as_text(evaluate, expression, texts):
    assert evaluate(expression, list(texts)) == list(texts.values())
