"""Wrong answers to homework 2, by mistake: what to replace in the solution, and by what."""

GRADIENT_CHANGES = {
    "missing-n": [("X.T @ delta / len(t)", "X.T @ delta"), ("delta.mean(", "delta.sum(")],
    "sum-for-mean": [
        ("t].mean()", "t].sum()"),
        ("X.T @ delta / len(t)", "X.T @ delta"),
        ("delta.mean(", "delta.sum("),
    ],
    "bias-summed": [("delta.mean(", "delta.sum(")],
    "penalty-by-n": [("/ len(t) + alpha * W", "/ len(t) + alpha * W / len(t)")],
    "penalty-on-bias": [
        ("np.sum(W**2)", "(np.sum(W**2) + np.sum(b**2))"),
        ("delta.mean(axis=0)", "delta.mean(axis=0) + alpha * b"),
    ],
    "other-penalty": [("alpha / 2", "alpha"), ("+ alpha * W", "+ 2 * alpha * W")],
    "penalty-slope": [("+ alpha * W", "+ 2 * alpha * W")],
    "penalty-not-in-gradient": [(" + alpha * W", "")],
    "penalty-not-in-loss": [(" + alpha / 2 * np.sum(W**2)", "")],
    "no-penalty": [(" + alpha * W", ""), (" + alpha / 2 * np.sum(W**2)", "")],
    "norm-not-squared": [("np.sum(W**2)", "np.linalg.norm(W)")],
    "transposed": [("X.T @ delta / len(t) + alpha * W", "(X.T @ delta / len(t) + alpha * W).T")],
    "y-minus-p": [("delta[rows, t] -= 1", "delta = np.eye(len(b))[t] - delta")],
    "all-labels": [("-log_P[rows, t]", "-log_P[:, t]")],
    "wrong-axis": [("Z.max(axis=1", "Z.max(axis=0"), ("(Z).sum(axis=1", "(Z).sum(axis=0")],
    "no-shift": [("    Z = Z - Z.max(axis=1, keepdims=True)\n", "")],
    "one-maximum": [("Z.max(axis=1, keepdims=True)", "Z.max()")],
    "log-of-zero": [("-log_P[rows, t].mean()", "-np.log(np.exp(log_P)[rows, t]).mean()")],
    "floored-log": [("-log_P[rows, t].mean()", "-np.log(np.exp(log_P)[rows, t] + 1e-12).mean()")],
    "changes-input": [("delta = np.exp", "W *= 1.5\n    delta = np.exp")],
}

LOOP_CHANGES = {
    "uphill": [("W - learning_rate", "W + learning_rate"), ("b - learning", "b + learning")],
    "last-batch-dropped": [("len(t), batch_size", "len(t) - len(t) % batch_size, batch_size")],
    "no-shuffling": [("rng.permutation(len(t))", "np.arange(len(t))")],
    "one-order": [
        ("        order = rng.permutation(len(t))\n", ""),
        ("losses = []", "losses = []\n    order = rng.permutation(len(t))"),
    ],
    "other-generator": [("np.random.default_rng", "np.random.RandomState")],
    "labels-left-behind": [("t[batch]", "t[start : start + batch_size]")],
    "composed-orders": [
        (
            "order = rng.permutation(len(t))",
            "order = rng.permutation(len(t))\n        X, t = X[order], t[order]",
        ),
        ("order[start : start + batch_size]", "np.arange(len(t))[start : start + batch_size]"),
    ],
    "one-epoch": [("    return W, b, losses", "        return W, b, losses")],
    "bias-not-moved": [("            b = b - learning_rate * grad_b\n", "")],
    "divided-by-batch-size": [
        (
            "            W = W",
            "            share = len(batch) / batch_size\n"
            "            grad_W = (grad_W - alpha * W) * share + alpha * W\n"
            "            grad_b = grad_b * share\n"
            "            W = W",
        )
    ],
    "losses-of-batches": [
        ("order = rng", "seen = []\n        order = rng"),
        ("            _, grad_W", "            loss, grad_W"),
        ("            W = W", "            seen.append(loss)\n            W = W"),
        ("loss_and_gradients(W, b, X, t, alpha)[0]", "np.mean(seen)"),
    ],
    "losses-without-penalty": [("(W, b, X, t, alpha)[0]", "(W, b, X, t, 0)[0]")],
    "changes-input": [("    losses = []", "    losses = []\n    X += 1")],
}
MOMENTUM_CHANGES = {
    "velocity-forgotten": [
        ("order = rng", "velocity_W, velocity_b = 0 * W, 0 * b\n        order = rng")
    ],
    "velocity-damped": [("+ grad_W", "+ 0.1 * grad_W"), ("+ grad_b", "+ 0.1 * grad_b")],
}
# What the notebook's own checks say to some wrong answers: question, change, words.
VISIBLE = {
    "single-precision": (
        "loss_and_gradients",
        [("X @ W + b", "X @ W.astype(X.dtype) + b")],
        "Compute in float64",
    ),
    "single-precision-weights": (
        "train",
        [
            ("np.zeros((X.shape[1], num_classes))", "np.zeros((X.shape[1], num_classes), X.dtype)"),
            ("W = W - learning_rate * grad_W", "W -= learning_rate * grad_W"),
        ],
        "Compute in float64",
    ),
    "one-maximum": (
        "loss_and_gradients",
        GRADIENT_CHANGES["one-maximum"],
        "Does each row have its own maximum",
    ),
    "no-shift": (
        "loss_and_gradients",
        GRADIENT_CHANGES["no-shift"],
        "Did an exponential overflow",
    ),
    "missing-n": ("loss_and_gradients", GRADIENT_CHANGES["missing-n"], "over the N = 2 inputs"),
    "changes-input": (
        "loss_and_gradients",
        GRADIENT_CHANGES["changes-input"],
        "has changed its argument W",
    ),
    "fewer-classes": (
        "loss_and_gradients",
        [("delta[rows, t] -= 1", "delta = delta - np.eye(t.max() + 1)[t]")],
        "could not be broadcast",
    ),
    "one-order": ("train", LOOP_CHANGES["one-order"], "look at the order"),
    "last-batch-dropped": ("train", LOOP_CHANGES["last-batch-dropped"], "With four examples it"),
    "divided-by-batch-size": (
        "train",
        LOOP_CHANGES["divided-by-batch-size"],
        "With four examples it",
    ),
    "float-index": ("evidence", [("int(np", "float(np")], "should be an integer"),
    "largest-size": (
        "evidence",
        [("argmax(contributions", "argmax(np.abs(contributions)")],
        "is\n3",
    ),
}
EVIDENCE_CHANGES = {
    "weight-alone": [("x * (W[:, j] - W[:, k])", "W[:, j] - W[:, k]")],
    "one-template": [("(W[:, j] - W[:, k])", "W[:, j]")],
    "reversed": [("(W[:, j] - W[:, k])", "(W[:, k] - W[:, j])")],
    "largest-size": [("np.argmax(contributions)", "np.argmax(np.abs(contributions))")],
    "changes-input": [("    contributions =", "    x += 1\n    contributions =")],
}
