"""The functions that the chapter on large models defines, taken from its cells."""

from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import special

import softmax as sm
from tests.book.chapters import chapter_functions

chapter = chapter_functions("large-models")
to_bfloat16 = chapter.to_bfloat16

# A busy machine may take long for one example; that is no error.
unhurried = settings(deadline=None)
logit_vectors = st.integers(1, 8).flatmap(
    lambda size: arrays(float, size, elements=st.floats(-700, 700))
)


# --- bfloat16 -------------------------------------------------------------------------------------

# All positive, finite bfloat16 numbers, from their definition: a sign, 8 bits of the exponent and
# 7 of the fraction.
FINITE = np.concatenate(
    [np.arange(128) * 2.0**-133]
    + [(1 + np.arange(128) / 128) * 2.0**exponent for exponent in range(-126, 128)]
)


def test_bfloat16_numbers_stay_what_they_are():
    assert_array_equal(to_bfloat16(FINITE), FINITE)
    assert_array_equal(to_bfloat16(-FINITE), -FINITE)


@unhurried
@given(st.floats(-(2.0**127), 2.0**127, width=32))
def test_other_numbers_go_to_the_nearest_one(x):
    distance = np.abs(FINITE - abs(x))
    nearest = np.flatnonzero(distance == distance.min())
    if len(nearest) == 2:  # in a tie, the even fraction; the index has the parity of the fraction
        nearest = nearest[nearest % 2 == 0]
    assert to_bfloat16(x) == np.sign(x) * FINITE[nearest[0]]


def test_a_tie_goes_to_the_even_one():
    for k, (low, high) in enumerate(pairwise(FINITE[128 * 127 : 128 * 129])):
        assert to_bfloat16((low + high) / 2) == (high if k % 2 else low)


@unhurried
@given(arrays(float, 5, elements=st.floats(-500, 500)))
def test_rounded_logits_keep_the_order_and_the_bound(z):
    z = np.float32(z).astype(float)
    rounded = to_bfloat16(z).astype(float)
    h = np.abs(rounded - z).max()
    change = np.abs(sm.log_softmax(rounded) - sm.log_softmax(z)).max()
    assert change <= 2 * h + 1e-12
    assert (np.diff(rounded[np.argsort(z)]) >= 0).all()


# --- Losses and caps ------------------------------------------------------------------------------


def test_adam_is_its_formula_written_out():
    g = np.random.default_rng(0).normal(size=(7, 3))
    state = {}
    for n in range(1, 8):
        step = chapter.adam_step(state, g[n - 1], 0.1, beta_1=0.8, beta_2=0.9)
        weights = [beta ** np.arange(n - 1, -1, -1) for beta in (0.8, 0.9)]
        mean = np.average(g[:n], axis=0, weights=weights[0])
        square = np.average(g[:n] ** 2, axis=0, weights=weights[1])
        assert_allclose(step, 0.1 * mean / np.sqrt(square), rtol=1e-6)


def test_only_adam_moves_the_mean_logit_and_the_z_loss_holds_it():
    plain = chapter.drift_path(adam=False, steps=1500)
    free, held = (chapter.drift_path(alpha=alpha, steps=1500)[-1] for alpha in (0, 0.5))
    assert_allclose(plain, np.log(256), atol=0.01)
    assert free < np.log(256) - 5
    assert abs(held) < abs(free)


def test_a_shift_changes_no_loss_in_float64_and_some_in_bfloat16():
    X, Y = chapter.make_data(np.random.default_rng(1))
    losses = {
        (store, shift): chapter.fit(X, Y, store, shift, steps=60)[0]
        for store in (np.asarray, to_bfloat16)
        for shift in (0, 1600)
    }
    assert_allclose(losses[np.asarray, 0], losses[np.asarray, 1600], rtol=1e-9)
    assert losses[to_bfloat16, 1600][-20:].mean() > losses[to_bfloat16, 0][-20:].mean() + 0.3


def test_the_slope_of_fit_is_that_of_both_losses():
    X, Y = chapter.make_data(np.random.default_rng(2), N=20, K=4)
    X, Y = X[:1], Y[:1]
    alpha, eta, shift, h = 0.05, 1e-3, 2.0, 1e-6

    def total(W):
        log_Z = special.logsumexp(X @ W)
        return log_Z - np.sum(Y * (X @ W)) + alpha * log_Z**2

    W = np.zeros((4, 4))
    W[0] = shift
    slope = np.zeros_like(W)
    for index in np.ndindex(W.shape):
        moved = np.zeros_like(W)
        moved[index] = h
        slope[index] = (total(W + moved) - total(W - moved)) / (2 * h)
    losses, log_Z = chapter.fit(X, Y, np.asarray, shift, alpha, steps=2, eta=eta)
    after = W - eta * slope
    assert_allclose(log_Z[1], special.logsumexp(X @ after), rtol=1e-9)
    assert_allclose(losses[1], log_Z[1] - np.sum(Y * (X @ after)), rtol=1e-9)


@pytest.mark.parametrize("z", [-1e6, -40.0, -1.0, 0.0, 1e-8, 3.0, 100.0])
def test_the_soft_cap_is_its_formula(z):
    assert_allclose(chapter.soft_cap(z, 30), float(30 * mpmath.tanh(mpmath.mpf(z) / 30)))


def test_the_wrong_z_loss_is_blind_to_a_shift():
    z = np.random.default_rng(3).normal(size=6)
    assert_allclose(chapter.z_loss_of_shifted(z), chapter.z_loss_of_shifted(z + 50))
    assert_allclose(chapter.z_loss(z + 50), special.logsumexp(z + 50) ** 2)


# --- Attention ------------------------------------------------------------------------------------


@unhurried
@given(logit_vectors)
def test_one_more_zero_logit(z):
    expected = special.softmax(np.append(z, 0))[:-1]
    assert_allclose(chapter.softmax_or_nothing(z), expected, rtol=1e-12, atol=1e-300)
    assert_allclose(chapter.softmax_or_nothing(z[None])[0], expected, rtol=1e-12, atol=1e-300)


@unhurried
@given(logit_vectors)
def test_the_gate_in_one_pass(z):
    v = np.cos(np.arange(len(z)))
    expected = special.softmax(np.append(z, 0))[:-1] @ v
    assert_allclose(chapter.online_or_nothing(zip(z, v, strict=True)), expected, atol=1e-12)


def test_unit_vectors_have_length_one():
    x = np.random.default_rng(4).normal(scale=1e3, size=(5, 8))
    assert_allclose(np.linalg.norm(chapter.unit(x), axis=1), 1)
    assert_allclose(np.sum(chapter.unit(x) * x, axis=1), np.linalg.norm(x, axis=1))


def test_targets_of_the_zoo_are_what_was_seen():
    queries, tokens, target = chapter.zoo_batch(np.random.default_rng(5), 200, True)
    assert (tokens[:, 0].argmax(axis=-1) == 8).all()
    for asked, seen, wanted in zip(queries, tokens[:, 1:], target, strict=True):
        found = asked.argmax() in seen.argmax(axis=-1)
        assert_array_equal(wanted, asked if found else np.zeros(8))


def test_the_head_looks_by_dot_products():
    rng = np.random.default_rng(6)
    queries, tokens, _ = chapter.zoo_batch(rng, 3, True)
    W_Q, W_K, W_V = rng.normal(size=(8, 5)), rng.normal(size=(9, 5)), rng.normal(size=(9, 8))
    p, output = chapter.look(special.softmax, (W_Q, W_K, W_V), queries, tokens)
    assert p.shape == (3, 7)
    for n in range(3):
        q, ids = W_Q[queries[n].argmax()], tokens[n].argmax(axis=-1)
        scores = [q @ W_K[i] for i in ids]
        p, alone = chapter.look(
            chapter.softmax_or_nothing, (W_Q, W_K, W_V), queries[n : n + 1], tokens[n : n + 1]
        )
        weights = special.softmax([*scores, 0])[:-1]
        assert_allclose(p[0], weights)
        assert_allclose(alone[0], weights @ W_V[ids])
    assert output.shape == (3, 8)


# --- Routers --------------------------------------------------------------------------------------


@unhurried
@given(arrays(float, (3, 5), elements=st.integers(-50, 50).map(float)), st.integers(1, 5))
def test_top_k_gates(z, k):
    gates = chapter.top_k_gates(z, k)
    assert_allclose(gates.sum(axis=1), 1)
    for row, gate in zip(z, gates, strict=True):
        best = sorted(range(5), key=lambda i: (-row[i], i))[:k]
        assert_allclose(gate[best], special.softmax(row[best]), rtol=1e-12)
        assert np.flatnonzero(gate).tolist() == sorted(i for i in best if gate[i] > 0)


def test_the_slope_of_the_load_balancing_loss():
    rng = np.random.default_rng(7)
    z, alpha, h = rng.normal(size=(6, 4)), 0.3, 1e-6
    f = np.bincount(z.argmax(axis=1), minlength=4) / 6
    p = special.softmax(z, axis=1)
    formula = alpha * 4 / 6 * p * (f - (p @ f)[:, None])
    for index in np.ndindex(z.shape):
        moved = np.zeros_like(z)
        moved[index] = h
        up, down = (
            alpha * 4 * f @ special.softmax(z + s * moved, axis=1).mean(axis=0) for s in (1, -1)
        )
        assert_allclose(formula[index], (up - down) / (2 * h), atol=1e-9)


def test_shares_sum_to_one():
    for balance in ("none", "loss", "bias"):
        shares, error = chapter.train_router(balance, steps=30)
        assert_allclose(shares.sum(axis=1), 1)
        assert error > 0
