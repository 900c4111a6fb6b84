"""The error bounds that the docstrings of the package state, against 50-digit arithmetic.

Each error is measured in units of the bound without its constant, so that the constants of the
docstrings can be read off the assertions. The inputs are random ones of every scale, and those
with the largest errors that were found in a search over millions: one large entry and many
equal ones, where no rounding error cancels another.
"""

import mpmath
import numpy as np
import pytest

import softmax as sm

mpmath.mp.dps = 50
DTYPES = [np.float16, np.float32, np.float64]
SCALES = [1e-3, 1e-2, 0.1, 1, 10, 100, 1e3, 1e4]


# Any warning fails, but not that of a file which another test left to the garbage collector.
pytestmark = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")


def exactly(value):
    """Return a float of any width as an mpmath number: its two halves in float64 add up to it."""
    high = float(value)
    if not isinstance(value, np.longdouble):
        return mpmath.mpf(high)
    low = 0.0 if np.isinf(high) else float(value - type(value)(high))
    return mpmath.mpf(high) + mpmath.mpf(low)


class Exact:
    """Softmax of a vector in 50 digits: the largest entry, shifted entries, rest of the sum.

    Equal entries, of which there are many, have their exponentials computed once.
    """

    def __init__(self, z, temperature=1.0):
        values = {v: exactly(v) for v in set(z)}
        self.top = max(values.values())
        shifted = {v: (x - self.top) / mpmath.mpf(temperature) for v, x in values.items()}
        powers = {v: mpmath.exp(d) for v, d in shifted.items()}
        self.d = [shifted[v] for v in z]
        e = [powers[v] for v in z]
        i = self.d.index(0)
        self.rest = mpmath.fsum(e[:i] + e[i + 1 :])
        self.powers, self.total = e, 1 + self.rest
        self.log_total = mpmath.log1p(self.rest)

    def p(self, i):
        return self.powers[i] / self.total

    def log_p(self, i):
        return self.d[i] - self.log_total


def relative(value, exact, dtype):
    """Return the error in units of eps, and 0 where `exact` is not a normal number."""
    limits = np.finfo(dtype)
    if not float(limits.tiny) <= abs(exact) <= float(limits.max):
        return 0.0
    error = abs(mpmath.mpf(float(value)) - exact) / abs(exact) / float(limits.eps)
    return np.inf if mpmath.isnan(error) else float(error)  # max() may overlook a NaN


def indices(z):
    """Return the indices to look at: all, or in a long vector the ends and the largest entries."""
    if len(z) <= 100:
        return range(len(z))
    return {0, 1, len(z) - 1, *(int(i) for i in np.argsort(z)[-30:])}


def errors(z):
    """Return the errors of softmax (less its conditioning), log_softmax and logsumexp, in eps."""
    dtype, exact = z.dtype, Exact(z)
    look = indices(z)
    result = np.zeros(3)
    # NumPy may sum one row and several rows in different orders.
    for rows in (z[None], np.stack([z, z, z])):
        p, log_p = sm.softmax(rows)[-1], sm.log_softmax(rows)[-1]
        in_p = max(relative(p[i], exact.p(i), dtype) + 2 * float(exact.d[i]) for i in look)
        in_log = max(relative(log_p[i], exact.log_p(i), dtype) for i in look)
        error = abs(mpmath.mpf(float(sm.logsumexp(rows)[-1])) - (exact.top + exact.log_total))
        in_total = float(error / max(1, abs(exact.top)) / float(np.finfo(dtype).eps))
        result = np.maximum(result, [in_p, in_log, in_total])
    return result


def logits(rng, k, scale, dtype):
    return np.clip(scale * rng.standard_normal(k), -6e4, 6e4).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(("k", "repetitions"), [(1, 2), (2, 20), (3, 10), (10, 5), (100, 2)])
def test_bounds_on_random_logits(k, repetitions, scale, dtype):
    rng = np.random.default_rng(k)
    for _ in range(repetitions):
        assert max(errors(logits(rng, k, scale, dtype))) <= 8


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "scale", [1e-3, 1, *(pytest.param(scale, marks=pytest.mark.slow) for scale in (30, 1e4))]
)
def test_bounds_on_ten_thousand_logits(scale, dtype):
    assert max(errors(logits(np.random.default_rng(0), 10_000, scale, dtype))) <= 8


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("k", [2, 8, 14, 15, 16, 17, 31, 63, 119, 127, 128, 255, 1000])
def test_bounds_on_one_large_entry_among_equal_ones(k, dtype):
    rng = np.random.default_rng(k)
    for position in {0, 1, k // 2}:  # a sum may begin with the first or the second entry
        for _ in range(4 if k < 200 else 1):
            z = np.full(k, rng.uniform(-30, 30))
            z[position] += rng.uniform(0, 12)
            assert max(errors(z.astype(dtype))) <= 8


@pytest.mark.parametrize(
    ("dtype", "k", "top", "others"),
    [
        # A sum that starts with the largest term: more than 10 eps in softmax.
        (np.float32, 24, -2.3212438, -11.285881),
        (np.float32, 64, -0.11945139, -10.104704),
        (np.float64, 24, 0.05120344, -8.42700232),
        (np.float64, 127, 1.3, -7.2),
        # The same in one of several rows, where the sum begins with the second term: 10.9 and 11.4.
        (np.float32, 127, 3.54235697, -7.12433386),
        (np.float64, 128, 6.797544471639311, -4.8069256906756905),
        # The rounding of the shift put back only below 2**-14 on average: 8.6 in log_softmax.
        (np.float32, 119, -0.11043403, -9.450523),
        (np.float32, 127, 0.3303018, -8.603727),
        (np.float64, 127, -7.29951062, -16.20488116),
        # The last step of logsumexp not in a wider dtype: 8.6 to 10.3.
        (np.float32, 3500, 0.02386332, -0.04897629),
        (np.float32, 5000, 0.01458975, -0.28033945),
        (np.float64, 3500, 0.7848378722401561, 0.6790298079228829),
    ],
)
def test_bounds_where_the_largest_errors_were_found(dtype, k, top, others):
    for position in (0, 1):
        z = np.full(k, others, dtype)
        z[position] = top
        assert max(errors(z)) <= 8


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_softmax_of_a_confident_prediction(dtype):
    # The rounding of the shift would cost 16 eps in [100.3, 60.2], and 300 in the last.
    rng = np.random.default_rng(0)
    pairs = [[100.3, 60.2], [1000.3, 300.2], [-3.1, -7.7], [9000.7, 8400.1]]
    pairs += [[m, m - gap] for m, gap in rng.uniform([-1e3, 0], [1e3, 80], (60, 2))]
    for z in pairs:
        z = np.array(z, dtype)
        exact = Exact(z)
        assert relative(sm.log_softmax(z)[0], exact.log_p(0), dtype) <= 8


@pytest.mark.parametrize("k", [3, 40])
def test_log_softmax_keeps_the_digits_with_other_rows_masks_and_strides(k):
    z = np.full((4, k), 59.3)
    z[:, 1] = [100.3, 60.2, 90.7, 59.3]
    exact = [Exact(row).log_p(1) for row in z]
    where = np.ones((4, k), bool)
    for result in (
        sm.log_softmax(z),
        sm.log_softmax(z.T.copy(), axis=0).T,
        sm.log_softmax(z, where=where),
        sm.log_softmax(z[:, ::-1])[:, ::-1],
    ):
        for i in range(4):
            assert relative(result[i, 1], exact[i], np.float64) <= 8


def test_log_softmax_keeps_the_digits_of_integers_and_of_longdouble():
    assert relative(sm.log_softmax([41, 1])[0], Exact([41, 1]).log_p(0), np.float64) <= 8
    z = np.array([100.3, 60.2], np.longdouble)
    assert relative(sm.log_softmax(z)[0], Exact(z).log_p(0), np.float64) <= 1


def test_logsumexp_keeps_small_tails():
    assert relative(sm.logsumexp([0, -40]), mpmath.log1p(mpmath.exp(-40)), np.float64) <= 1
    z = [-45.0, 0.0, -40.0]
    assert relative(sm.logsumexp(z), Exact(z).log_total, np.float64) <= 2


def test_bound_of_online_logsumexp():
    rng = np.random.default_rng(3)
    for scale in (0.01, 1, 100):
        chunks = scale * rng.standard_normal((300, 5))
        exact = Exact(chunks.ravel())
        error = abs(mpmath.mpf(float(sm.online_logsumexp(chunks))) - exact.top - exact.log_total)
        assert error <= (8 + 2 * 300) * 2.0**-52 * max(1, abs(exact.top))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("temperature", [0.03, 0.7, 3.0, 1000.0])
@pytest.mark.parametrize(("k", "lead"), [(5, 0), (5, 20), (40, 0)])
def test_bounds_with_a_temperature(k, lead, temperature, dtype):
    z = logits(np.random.default_rng(1), k, 10 * min(temperature, 600), dtype)
    z[0] += dtype(lead * temperature)
    exact = Exact(z, temperature)
    p, log_p = (f(z, temperature=temperature) for f in (sm.softmax, sm.log_softmax))
    nearest = -sorted(exact.d)[-2]
    for i in range(k):
        assert relative(p[i], exact.p(i), dtype) <= 8 - 2 * exact.d[i]
        bound = 8 + 2 * nearest if exact.d[i] == 0 else 8
        assert relative(log_p[i], exact.log_p(i), dtype) <= bound


def test_longdouble_has_the_accuracy_of_longdouble():
    rng = np.random.default_rng(0)
    eps = mpmath.mpf(float(np.finfo(np.longdouble).eps))

    def error(value, exact):
        return abs(exactly(value) - exact) / abs(exact) / eps

    for z in (rng.integers(-90, 90, 30), [1003, 602], [31, 29]):
        z = np.array(z, np.longdouble) / 10
        exact = Exact(z)
        p, log_p = sm.softmax(z), sm.log_softmax(z)
        for i in range(len(z)):
            assert error(p[i], exact.p(i)) <= 8 - 2 * exact.d[i]
            assert error(log_p[i], exact.log_p(i)) <= 8
        assert error(sm.logsumexp(z), exact.top + exact.log_total) <= 8


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", SCALES)
def test_bounds_of_cross_entropy_and_its_gradient(scale, dtype):
    rng = np.random.default_rng(7)
    eps = float(np.finfo(dtype).eps)
    for k in (2, 10, 40):
        z = logits(rng, k, scale, dtype)
        exact = Exact(z)
        for label in {0, int(np.argmax(z))}:
            loss, grad = sm.cross_entropy_with_grad(z, label)
            assert relative(loss, -exact.log_p(label), dtype) <= 8
            for i in range(k):
                target = exact.p(i) - (i == label)
                assert abs(mpmath.mpf(float(grad[i])) - target) <= 8 * eps
            at_label = mpmath.expm1(exact.log_p(label))
            assert relative(grad[label], at_label, dtype) <= 10


@pytest.mark.parametrize("dtype", DTYPES)
def test_bounds_of_cross_entropy_with_probabilities(dtype):
    rng = np.random.default_rng(8)
    eps = float(np.finfo(dtype).eps)
    for scale in (0.1, 3, 100):
        z, y = logits(rng, 20, scale, dtype), rng.dirichlet(np.ones(20)).astype(dtype)
        exact = Exact(z)
        loss, grad = sm.cross_entropy_with_grad(z, y)
        y = [mpmath.mpf(float(v)) for v in y]
        target = -mpmath.fsum(y[i] * exact.log_p(i) for i in range(20))
        assert relative(loss, target, dtype) <= 16
        for i in range(20):
            assert abs(mpmath.mpf(float(grad[i])) - (exact.p(i) * mpmath.fsum(y) - y[i])) <= 8 * eps


@pytest.mark.parametrize("dtype", DTYPES)
def test_bound_of_sigmoid(dtype):
    rng = np.random.default_rng(9)
    x = np.concatenate([scale * rng.standard_normal(100) for scale in (1e-3, 1, 10, 300)])
    x = x.astype(dtype)
    for value, argument in zip(sm.sigmoid(x), x, strict=True):
        exact = 1 / (1 + mpmath.exp(-mpmath.mpf(float(argument))))
        assert relative(value, exact, dtype) <= 4
