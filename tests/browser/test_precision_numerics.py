"""The arithmetic of the precision figure is NumPy's, and in bfloat16 that of the chapter."""

import numpy as np
import pytest

import softmax as sm
from softmax.live._precision.figure import three_ways, to_bfloat16
from tests.browser.figures import mostly_slow

DTYPES = [np.float16, np.float32, np.float64]
SCALES = [0.1, 1, 5, 10, 20, 90, 300, 1000, 1e5]
RNG = np.random.default_rng(0)
PATTERNS = [[1.0, 1.1, 1.2], [1.0, 1.0], [0.25, 1.23, -0.8], *RNG.normal(size=(8, 4)).tolist()]
by_dtype = pytest.mark.parametrize("dtype", mostly_slow(DTYPES, np.float32))


def naive_softmax(z):
    exp_z = np.exp(z)
    return exp_z / exp_z.sum(axis=-1, keepdims=True)


def shifted_softmax(z):
    exp_z = np.exp(z - z.max(axis=-1, keepdims=True))
    return exp_z / exp_z.sum(axis=-1, keepdims=True)


def shifted_log_softmax(z):
    d = z - z.max()
    return d - np.log(np.exp(d).sum())


@pytest.fixture(scope="module")
def evaluate(browser, modules):
    """Return a function that evaluates an expression of `formats` and `x` for each x of a list."""
    page = browser.new_page()
    page.goto(f"{modules}/_precision/numerics.mjs")

    def run(expression, xs):
        return page.evaluate(
            "async ([expression, xs]) => {"
            " const formats = await import('/_precision/numerics.mjs');"
            " const one = new Function('formats', 'x', `return ${expression}`);"
            " return xs.map((x) => one(formats, x)); }",
            [expression, xs],
        )

    yield run
    page.close()


def rows(dtype):
    with np.errstate(over="ignore"):
        return [
            (sign * scale * np.array(pattern)).astype(dtype)
            for pattern in PATTERNS
            for scale in SCALES
            for sign in (1, -1)
        ]


def traces(evaluate, dtype, logits):
    expression = f"formats.threeWays(x, formats.FORMATS.{dtype.__name__})"
    return evaluate(expression, [z.astype(float).tolist() for z in logits])


def tolerance(dtype):
    # Differences of the exponential and the logarithm, which no standard prescribes to the last
    # digit: NumPy's are as good as a few eps in float32. What is rounded to float16 may fall to
    # the other side.
    return 1e-12 if dtype == np.float64 else 4 * float(np.finfo(dtype).eps)


def assert_close(found, expected, dtype, *, absolute=0.0):
    """Compare; numbers below the normal ones may differ in their last digit."""
    atol = absolute + 2 * float(np.finfo(dtype).smallest_subnormal)
    found, expected = np.array(found, float), expected.astype(float)
    np.testing.assert_allclose(found, expected, rtol=tolerance(dtype), atol=atol)


@by_dtype
def test_exponentials_and_sums(evaluate, dtype):
    logits = rows(dtype)
    with np.errstate(all="ignore"):
        for z, (naive, shifted, _) in zip(logits, traces(evaluate, dtype, logits), strict=True):
            for way, exponents in ((naive, z), (shifted, z - z.max())):
                np.testing.assert_array_equal(np.array(way["exponents"], float), exponents)
                assert_close(way["exponentials"], np.exp(exponents), dtype)
                assert_close([way["sum"]], np.exp(exponents).sum(keepdims=True), dtype)
                # Given its terms, a sum has one right order and one right rounding.
                terms = np.array(way["exponentials"], float).astype(dtype)
                np.testing.assert_array_equal(terms.sum(), float(way["sum"]))


@by_dtype
def test_probabilities_and_losses(evaluate, dtype):
    logits = rows(dtype)
    tiny = np.finfo(dtype).smallest_normal
    with np.errstate(all="ignore"):
        for z, ways in zip(logits, traces(evaluate, dtype, logits), strict=True):
            for way, function in zip(ways, (naive_softmax, shifted_softmax), strict=False):
                p = function(z)
                assert_close(way["results"], p, dtype)
                # One unit of a subnormal number is a large part of it.
                normal = ~((p > 0) & (p < tiny))
                losses = np.array(way["losses"], float)[normal]
                assert_close(losses, -np.log(p[normal]), dtype, absolute=tolerance(dtype))
            log_p = shifted_log_softmax(z)
            found = np.array(ways[2]["results"], float)
            np.testing.assert_array_equal(found, found.astype(dtype), "not rounded to the type")
            assert_close(ways[2]["results"], log_p, dtype, absolute=tolerance(dtype))
            assert_close(ways[2]["losses"], -log_p, dtype, absolute=tolerance(dtype))


@by_dtype
def test_shifted_ways_are_near_the_package(evaluate, dtype):
    eps = float(np.finfo(dtype).eps)
    logits = [z for z in rows(dtype) if np.isfinite(z).all()]
    for z, (_, shifted, log_way) in zip(logits, traces(evaluate, dtype, logits), strict=True):
        p, log_p = sm.softmax(z).astype(float), sm.log_softmax(z).astype(float)
        gap = float(z.max()) - z.astype(float)
        # The bound that sm.softmax states for itself.
        allowed = (8 + 2 * gap) * eps * p + 2 * float(np.finfo(dtype).smallest_subnormal)
        assert (np.abs(np.array(shifted["results"]) - p) <= allowed).all()
        # The logarithm of a sum near 1 is exact to a few eps only in absolute size.
        allowed = 4 * eps * (1 + np.abs(log_p))
        finite = np.isfinite(log_p)
        difference = np.array(log_way["results"], float)[finite] - log_p[finite]
        assert (np.abs(difference) <= allowed[finite]).all()


def test_numbers_near_and_between_float16_are_rounded_as_by_numpy(evaluate):
    numbers = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(float)
    middles = (numbers + np.append(numbers[1:], 65536)) / 2
    # The smallest, the largest, and many in between.
    chosen = np.r_[:50, 1000:1050, 50:31000:31, 31700:31744]
    numbers, middles = numbers[chosen], middles[chosen]
    x = np.concatenate([numbers, middles, np.nextafter(middles, 0), np.nextafter(middles, np.inf)])
    with np.errstate(over="ignore"):
        expected = x.astype(np.float16).astype(float)
    np.testing.assert_array_equal(evaluate("formats.roundHalf(x)", x.tolist()), expected)
    np.testing.assert_array_equal(evaluate("formats.roundHalf(-x)", x.tolist()), -expected)


def test_numbers_near_and_between_bfloat16_are_rounded_as_in_the_chapter(evaluate):
    # The upper halves of float32, from 0 to infinity, and around them every kind of lower half.
    upper = np.r_[:40, 0x0070:0x0090, 0x3F00:0x4100, 0x7F70:0x7F80, :0x7F80:97].astype(np.uint32)
    lower = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], dtype=np.uint32)
    x = (upper[:, None] << 16 | lower).ravel().view(np.float32)
    x = np.concatenate([x, -x])
    found = np.array(evaluate("formats.roundBfloat16(x)", x.astype(float).tolist()), np.float32)
    np.testing.assert_array_equal(found.view(np.uint32), to_bfloat16(x).view(np.uint32))


def test_bfloat16_is_that_of_python_bit_by_bit(evaluate):
    logits = [
        sign * scale * np.array(pattern)
        for pattern in PATTERNS
        for scale in SCALES
        for sign in (1, -1)
    ]
    expression = "formats.threeWays(x.map(formats.roundBfloat16), formats.FORMATS.bfloat16)"
    found = evaluate(expression, [z.tolist() for z in logits])
    with np.errstate(all="ignore"):
        for z, ways in zip(logits, found, strict=True):
            for way, (results, losses) in zip(ways, three_ways(z, "bfloat16"), strict=True):
                np.testing.assert_array_equal(np.array(way["results"], float), results)
                np.testing.assert_array_equal(np.array(way["losses"], float), losses)


def test_what_is_no_number_stays_what_it_is(evaluate):
    x = [np.inf, -np.inf, np.nan, 0.0, 1e300, 5e-324]
    expected = np.array([np.inf, -np.inf, np.nan, 0.0, np.inf, 0.0])
    np.testing.assert_array_equal(evaluate("formats.roundHalf(x)", x), expected)
    np.testing.assert_array_equal(evaluate("formats.roundBfloat16(x)", x), expected)
