"""Wrong answers to homework 1: the mistake's name, the points that it leaves, and the body.

Each makes one mistake; everything else is right.
"""

# Parts of right answers, for all of them.
HELPERS = """
def floats(z):
    return z if z.dtype.kind == "f" else z.astype(float)

def shifted(z, axis=1):
    return floats(z) - floats(z).max(axis=axis, keepdims=True)

def shares(e, axis=1):
    return e / e.sum(axis=axis, keepdims=True)

def rows(z):
    return shares(np.exp(shifted(z)))

def log_sums(d, axis=1):
    return np.log(np.exp(d).sum(axis=axis, keepdims=True))

def log_rows(z):
    return shifted(z) - log_sums(shifted(z))

def picked(table, labels):
    return table[np.arange(len(labels)), labels]

def codes(logits, labels):
    return np.eye(logits.shape[1])[labels]
"""

SOFTMAX = [
    ("no-shift", 20, "return shares(np.exp(floats(z)), axis)"),
    ("global-maximum", 23, "return shares(np.exp(floats(z) - floats(z).max()), axis)"),
    ("whole-array", 4, "return shares(np.exp(floats(z) - floats(z).max()), None)"),
    ("whole-array", 4, "return shares(np.exp(shifted(z, axis)), None)"),
    ("whole-array", 4, "return shares(np.exp(floats(z)), None)"),
    ("single-lost", 23, "return shares(np.exp(shifted(z.astype(float), axis)), axis)"),
    ("other-library", 0, "return scipy.special.softmax(z, axis=axis)"),
    ("axis-0", 6, "return shares(np.exp(shifted(z, 0)), 0)"),
    ("axis-ignored", 20, "return shares(np.exp(shifted(z, -1)), -1)"),
    ("axis-ignored", 14, "return shares(np.exp(shifted(z, 1)), 1)"),
    ("keepdims", 5, "e = np.exp(shifted(z, axis)); return e / e.sum(axis=axis)"),
    ("no-exponential", 2, "return shares(floats(z), axis)"),
    ("sigmoids", 1, "return 1 / (1 + np.exp(-floats(z)))"),
    (
        "softmax-twice",
        2,
        "p = shares(np.exp(shifted(z, axis)), axis); return shares(np.exp(p), axis)",
    ),
    ("short-integers", 24, "return shares(np.exp(z - z.max(axis=axis, keepdims=True)), axis)"),
    (
        "integer-result",
        23,
        "p = np.empty_like(z); p[...] = shares(np.exp(shifted(z, axis)), axis); return p",
    ),
    (
        "in-place",
        24,
        "p = shares(np.exp(shifted(z, axis)), axis); z -= z.max(); return p",
    ),
]

LOG_SOFTMAX = [
    ("no-shift", 11, "return np.log(shares(np.exp(floats(z)), axis))"),
    ("no-shift", 11, "return z - log_sums(floats(z), axis)"),
    ("log-of-zero", 16, "return np.log(shares(np.exp(shifted(z, axis)), axis))"),
    ("floor", 16, "return np.log(shares(np.exp(shifted(z, axis)), axis) + 1e-12)"),
    ("floor", 16, "return np.log(np.clip(shares(np.exp(shifted(z, axis)), axis), 1e-15, 1))"),
    ("maximum-not-added", 1, "return z - log_sums(shifted(z, axis), axis)"),
    (
        "swallowed",
        19,
        "m = z.max(axis=axis, keepdims=True); return z - (m + log_sums(floats(z - m), axis))",
    ),
    ("global-maximum", 19, "d = floats(z) - z.max(); return d - log_sums(d, axis)"),
    ("whole-array", 6, "d = floats(z) - z.max(); return d - np.log(np.exp(d).sum())"),
    ("whole-array", 1, "return z - np.log(np.exp(floats(z)).sum())"),
    ("whole-array", 6, "d = shifted(z, axis); return d - np.log(np.exp(d).sum())"),
    ("single-lost", 19, "d = shifted(z.astype(float), axis); return d - log_sums(d, axis)"),
    ("other-library", 0, "return z - logsumexp(z, axis=axis, keepdims=True)"),
    (
        "keepdims",
        6,
        "d = shifted(z, axis); return d - np.log(np.exp(d).sum(axis=axis))",
    ),
    ("no-logarithm", 1, "return shares(np.exp(shifted(z, axis)), axis)"),
    ("sign", 1, "d = shifted(z, axis); return log_sums(d, axis) - d"),
    ("axis-0", 3, "d = shifted(z, 0); return d - log_sums(d, 0)"),
    ("axis-ignored", 17, "d = shifted(z, -1); return d - log_sums(d, -1)"),
    ("axis-ignored", 14, "d = shifted(z, 1); return d - log_sums(d, 1)"),
    (
        "integer-result",
        19,
        "d = shifted(z, axis); return (d - log_sums(d, axis)).astype(z.dtype)",
    ),
    (
        "in-place",
        19,
        "z -= z.max(axis=axis, keepdims=True); return z - log_sums(floats(z), axis)",
    ),
]

CROSS_ENTROPY = [
    ("sum-not-mean", 10, "return -picked(log_rows(logits), labels).sum()"),
    ("softmax-twice", 2, "return -picked(log_rows(rows(logits)), labels).mean()"),
    ("no-shift", 13, "return -np.log(picked(shares(np.exp(logits)), labels)).mean()"),
    ("no-shift", 13, "return np.mean(log_sums(logits)[:, 0] - picked(logits, labels))"),
    (
        "no-shift",
        13,
        "return -np.mean(np.sum(codes(logits, labels) * np.log(shares(np.exp(logits))), axis=1))",
    ),
    ("log-of-zero", 17, "return -np.log(picked(rows(logits), labels)).mean()"),
    (
        "log-of-zero",
        17,
        "return -np.mean(np.sum(codes(logits, labels) * np.log(rows(logits)), axis=1))",
    ),
    ("floor", 17, "return -np.log(picked(rows(logits), labels) + 1e-8).mean()"),
    ("floor", 17, "return -np.log(np.clip(picked(rows(logits), labels), 1e-10, 1)).mean()"),
    (
        "global-maximum",
        19,
        "d = logits - logits.max(); return np.mean(log_sums(d)[:, 0] - picked(d, labels))",
    ),
    (
        "maximum-not-added",
        1,
        "return np.mean(log_sums(shifted(logits))[:, 0] - picked(logits, labels))",
    ),
    ("sign", 1, "return picked(log_rows(logits), labels).mean()"),
    ("mean-over-classes", 1, "return -np.mean(codes(logits, labels) * log_rows(logits))"),
    ("labels-unused", 2, "return -log_rows(logits).mean()"),
    ("labels-unused", 2, "return -log_rows(logits)[:, 0].mean()"),
    ("whole-columns", 11, "return -log_rows(logits)[:, labels].mean()"),
    ("no-logarithm", 1, "return -picked(rows(logits), labels).mean()"),
    ("no-logarithm", 1, "return 1 - picked(rows(logits), labels).mean()"),
    ("axis-0", 1, "return -picked(log_rows(logits.T).T, labels).mean()"),
    ("other-library", 0, "return -picked(sm.log_softmax(logits), labels).mean()"),
    (
        "in-place",
        19,
        "logits -= logits.max(axis=1, keepdims=True); "
        "return -picked(log_rows(logits), labels).mean()",
    ),
]

# The body of the loop over the entries: `step` is h at one of them, `given` the z of the caller.
SLOPES = [
    ("forward-difference", 4, "slope = (f(z + step) - f(z)) / h"),
    ("forward-difference", 4, "slope = (f(z) - f(z - step)) / h"),
    ("not-halved", 1, "slope = (f(z + step) - f(z - step)) / h"),
    ("sign", 1, "slope = (f(z - step) - f(z + step)) / (2 * h)"),
    ("not-moved-back", 12, "up = z + step; z = z - step; slope = (f(up) - f(z)) / (2 * h)"),
    ("own-step", 13, "s = 1e-5 * np.sign(step); slope = (f(z + s) - f(z - s)) / 2e-5"),
    ("own-step", 13, "s = 1e-5 * np.sign(step); slope = (f(z + s) - f(z - s)) / (2 * h)"),
    ("own-step", 13, "slope = (f(z + step) - f(z - step)) / 2e-5"),
    ("other-library", 0, "slope = scipy.optimize.approx_fprime(z, f, h)"),
    (
        "integer-result",
        13,
        "z = given.copy(); z[i] += h; up = f(z); z = given.copy(); z[i] -= h; "
        "slope = (up - f(z)) / (2 * h)",
    ),
    (
        "integer-result",
        13,
        "slope = given.dtype.type((f(z + step) - f(z - step)) / (2 * h)); "
        "gradient = gradient.astype(given.dtype)",
    ),
]

CROSS_ENTROPY_GRAD = [
    ("missing-1/N", 8, "return p - y"),
    ("divided-by-classes", 3, "return (p - y) / logits.shape[1]"),
    ("divided-by-classes", 3, "return (p - y) / logits.size"),
    ("sign", 1, "return (y - p) / n"),
    ("labels-unused", 1, "return p / n"),
    ("whole-columns", 6, "p[:, labels] -= 1; return p / n"),
    ("no-shift", 16, "return (shares(np.exp(logits)) - y) / n"),
    ("global-maximum", 19, "return (shares(np.exp(logits - logits.max())) - y) / n"),
    ("softmax-twice", 3, "return (rows(p) - y) / n"),
    ("axis-0", 1, "return (rows(logits.T).T - y) / n"),
    ("other-library", 0, "import no_such_library; return (p - y) / n"),
    ("sigmoid-factor", 1, "return (p - y) * p * (1 - p) / n"),
    ("integer-result", 19, "g = np.empty_like(logits); g[...] = (p - y) / n; return g"),
    ("in-place", 19, "logits -= logits.max(axis=1, keepdims=True); return (p - y) / n"),
]

# In base 2 only.
BASE_TWO_GRAD = [
    ("extra-logarithm", 3, "return (p - y) * np.log(2) / n"),
    ("extra-logarithm", 3, "return (p - y) / np.log(2) / n"),
]

GRAD_START = "p, y, n = rows(logits), codes(logits, labels), len(labels)\n"

# Whole bodies of the function, without the loop.
WHOLE_SLOPES = [
    ("all-at-once", 0, "return (f(z + h) - f(z - h)) / (2 * h)"),
    (
        "in-place",
        14,
        # Up, down and back again: all but the last bits of z are as they were.
        """z = floats(z)
gradient = np.zeros(z.shape)
for i in np.ndindex(z.shape):
    z[i] += h
    up = f(z)
    z[i] -= 2 * h
    gradient[i] = (up - f(z)) / (2 * h)
    z[i] += h
return gradient""",
    ),
]

# By question: the points, the names of both mistakes, and the body.
TWO_MISTAKES = [
    (
        "log_softmax",
        15,
        ["log-of-zero", "in-place"],
        "z -= 1; return np.log(shares(np.exp(shifted(z, axis)), axis))",
    ),
    (
        "numerical_gradient",
        4,
        ["forward-difference", "integer-result"],
        """gradient = np.zeros(z.shape)
for i in np.ndindex(z.shape):
    up = z.copy()
    up[i] += h
    gradient[i] = (f(up) - f(z)) / h
return gradient""",
    ),
    (
        "numerical_gradient",
        4,
        ["forward-difference", "integer-result"],
        """gradient = np.zeros(z.shape)
for i in np.ndindex(z.shape):
    down = z.copy()
    down[i] -= h
    gradient[i] = (f(z) - f(down)) / h
return gradient""",
    ),
]
