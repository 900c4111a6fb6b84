"""The playground's gradient descent makes the steps of SoftmaxClassifier, to the last digits."""

import json
import math

import numpy as np
import pytest

from softmax import SoftmaxClassifier
from softmax.functional import softmax
from tests.browser.figures import mostly_slow
from tools.references import ROOT

POINTS = json.loads((ROOT / "tests" / "fixtures" / "live" / "playground.json").read_text("utf-8"))
X = np.array([point[:2] for point in POINTS])
Y = np.array([point[2] for point in POINTS])
PRESENT = [0, 2, 3, 5]
# The sums run in another order here, and exp is the browser's own. Where steps are so long that the
# loss jumps about, the difference grows from step to step, and the paths part: not compared here.
CLOSE = {"rtol": 1e-12, "atol": 1e-12}


@pytest.fixture(scope="module")
def evaluate(browser, modules):
    """Return a function that evaluates an expression of both modules and of `x`."""
    page = browser.new_page()
    page.goto(f"{modules}/_playground/numerics.mjs")

    def run(expression, x=None):
        return page.evaluate(
            "async ([expression, x]) => { const m = { ...await import('/_playground/numerics.mjs'),"
            " ...await import('/_playground/plane.mjs') };"
            " return new Function('m', 'x', `return ${expression}`)(m, x); }",
            [expression, x],
        )

    yield run
    page.close()


@pytest.fixture(scope="module")
def descend(evaluate):
    """Return a function that takes some steps from zero, and gives parameters and losses."""

    def run(points, rate, alpha, steps):
        return evaluate(
            """(() => {
              let parameters = Array.from({ length: 6 }, () => [0, 0, 0]);
              const losses = [];
              for (let i = 0; i < x.steps; i += 1) {
                losses.push(m.evaluate(parameters, x.points, x.alpha).objective);
                const next = m.descend(parameters, x.points, x.rate, x.alpha);
                if (next.diverged) return { diverged: i, losses, parameters };
                parameters = next.parameters;
              }
              return { diverged: null, losses, parameters };
            })()""",
            {"points": points, "rate": rate, "alpha": alpha, "steps": steps},
        )

    return run


def trained(rate, alpha, steps, X=X, y=Y):
    return SoftmaxClassifier(
        learning_rate="constant",
        learning_rate_init=rate,
        alpha=alpha,
        batch_size=len(X),
        max_iter=steps,
        momentum=0.0,
        tol=None,
        shuffle=False,
    ).fit(X, y)


def parameters(model):
    return np.column_stack([model.coef_, model.intercept_])


@pytest.mark.parametrize("steps", mostly_slow([1, 10, 1000, 5000], 10, 1000))
@pytest.mark.parametrize(("rate", "alpha"), [(0.01, 0.0), (0.5, 0.001), (0.5, 0.0), (1.0, 0.1)])
def test_steps_are_those_of_the_classifier(descend, rate, alpha, steps):
    found = descend(POINTS, rate, alpha, steps)
    model = trained(rate, alpha, steps)
    rows = np.array(found["parameters"])
    np.testing.assert_allclose(rows[PRESENT], parameters(model), **CLOSE)
    np.testing.assert_allclose(found["losses"], model.loss_curve_, **CLOSE)
    assert not rows[[1, 4]].any(), "A class without points was trained."


def test_gradients_are_those_of_differences(evaluate):
    at = np.random.default_rng(0).normal(size=(6, 3))
    points = [[1.0, -2.0, 0], [0.5, 0.5, 1], [-1.0, 0.3, 1], [2.0, 2.0, 4]]
    found = evaluate(
        "m.gradients(x[0], x[1], 0.3, m.evaluate(x[0], x[1], 0.3))", [at.tolist(), points]
    )
    h = 1e-5
    for j, k in enumerate([0, 1, 4]):
        for d in range(3):
            up, down = at.copy(), at.copy()
            up[k, d] += h
            down[k, d] -= h
            losses = [
                evaluate("m.evaluate(x[0], x[1], 0.3).objective", [p.tolist(), points])
                for p in (up, down)
            ]
            assert found[j][d] == pytest.approx((losses[0] - losses[1]) / (2 * h), abs=1e-8)


def test_regions_are_those_of_the_classifier(descend, evaluate):
    found = descend(POINTS, 0.5, 0.001, 3000)["parameters"]
    model = trained(0.5, 0.001, 3000)
    regions = evaluate("[0, 2, 3, 5].map(j => m.region(x, [0, 2, 3, 5], 4, j))", found)
    axis = np.linspace(-3.99, 3.99, 200)
    plane = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    p = model.predict_proba(plane)
    clear = np.diff(np.sort(p, axis=1)[:, -2:], axis=1)[:, 0] > 1e-9
    for j, corners in enumerate(regions):
        assert np.abs(corners).max() <= 4 + 1e-9
        a, b = np.array(corners), np.roll(corners, -1, axis=0)
        # Inside of a convex polygon, counterclockwise, each side has the place on its left.
        side, to = (b - a)[:, None], plane - a[:, None]
        left = (side[..., 0] * to[..., 1] - side[..., 1] * to[..., 0]).T > 0
        np.testing.assert_array_equal(left.all(axis=1)[clear], (p.argmax(axis=1) == j)[clear])
        # On its sides, two classes tie, or the square ends.
        middle = (a + b) / 2
        q = np.sort(model.predict_proba(middle), axis=1)
        within = np.abs(middle).max(axis=1) < 3.99
        np.testing.assert_allclose(q[within, -1], q[within, -2], atol=1e-11)


def test_a_class_that_never_wins_has_no_region_and_those_that_tie_have_the_square(evaluate):
    square = [[-4, -4], [4, -4], [4, 4], [-4, 4]]
    parameters = [[0, 0, 0], [0, 0, 0], [0, 0, -1]]
    found = evaluate("[0, 1, 2].map(j => m.region(x, [0, 1, 2], 4, j))", parameters)
    assert found == [square, square, []]


# At 50 the loss leaps over every limit; at 4.2 it grows by a fifth with each step.
@pytest.mark.parametrize("rate", [50.0, 4.2])
def test_divergence_is_called_where_the_classifier_calls_it(descend, rate):
    alpha = 0.5
    found = descend(POINTS, rate, alpha, 300)
    assert found["diverged"] is not None
    assert np.isfinite(found["parameters"]).all()
    assert np.isfinite(found["losses"]).all()
    trained(rate, alpha, found["diverged"])
    with pytest.raises(ValueError, match="diverged"):
        trained(rate, alpha, found["diverged"] + 1)


@pytest.mark.parametrize("points", [[], [[1.0, 2.0, 3]]])
def test_one_class_or_none_costs_nothing(evaluate, points):
    state = evaluate("m.evaluate(x[0], x[1], 0.1)", [[[0, 0, 0]] * 6, points])
    assert state["objective"] == 0
    assert state["accuracy"] == 1
    assert not any(math.isnan(value) for row in state["deltas"] for value in row)


def test_shading_is_the_probability_at_the_temperature(descend, evaluate):
    found = descend(POINTS, 0.5, 0.001, 50)["parameters"]
    colors = ["#ff8000"] * 6
    for temperature in (0.1, 1.0, 10.0):
        pixels = evaluate(
            "[...m.shade(x[0], [0, 2, 3, 5], 4, x[1], x[2])"
            ".getContext('2d').getImageData(0, 0, 80, 80).data]",
            [found, temperature, colors],
        )
        opacity = np.reshape(pixels, (80, 80, 4))[:, :, 3]
        axis = (np.arange(80) + 0.5) / 10 - 4
        plane = np.stack(np.meshgrid(axis, -axis), axis=-1)
        rows = np.array(found)[PRESENT]
        logits = plane @ rows[:, :2].T + rows[:, 2]
        # Half the probability, of 255.
        expected = 127.5 * softmax(logits, axis=-1, temperature=temperature).max(axis=-1)
        np.testing.assert_allclose(opacity, expected, atol=1)
