"""The functions that the chapter on sampling defines, taken from its cells."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

import softmax as sm
from tests.book.chapters import chapter_functions

chapter = chapter_functions("sampling")
draw, speculate, exact_law = chapter.draw, chapter.speculate, chapter.exact_law
top_k_mask, nucleus_mask = chapter.top_k_mask, chapter.nucleus_mask
min_p_mask, penalize_repetition = chapter.min_p_mask, chapter.penalize_repetition

WORDS_AFTER_THE = np.log([12, 11, 10, 9, 8, 7, 7, 6, 5, 4, 3, 3, 2, 1, 1, 1])

logit_vectors = st.integers(1, 8).flatmap(
    lambda size: arrays(float, size, elements=st.floats(-10, 10, width=32))
)
masses = st.floats(0.01, 1.0)

# A busy machine may take long for one example; that is no error.
unhurried = settings(deadline=None)


class LargestUniform:
    """A generator whose every number is the largest that NumPy's can give."""

    def random(self, size=None):
        return np.full(() if size is None else size, 1 - 2.0**-53)[()]


# --- Drawing --------------------------------------------------------------------------------------


@unhurried
@given(logit_vectors, st.integers(0, 3))
def test_draw_stays_in_range_and_never_takes_a_masked_class(z, num_masked):
    p = np.append(sm.softmax(z), np.zeros(num_masked))
    for chosen in (draw(p, LargestUniform()), *draw(p, np.random.default_rng(0), 20)):
        assert p[chosen] > 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("num_classes", [3, 1000, 3000, 30_000])
def test_draw_at_the_largest_uniform_takes_the_last_class(num_classes, dtype):
    p = np.full(num_classes, 1 / num_classes, dtype)
    assert draw(p, LargestUniform()) == num_classes - 1


def test_draw_at_zero_skips_classes_of_probability_zero():
    class Zero:
        def random(self, size=None):
            return 0.0

    assert draw(np.array([0, 0, 0.5, 0.5]), Zero()) == 2


def test_draw_has_the_right_frequencies():
    p = sm.softmax(WORDS_AFTER_THE)
    drawn = draw(p, np.random.default_rng(5), 20_000)
    assert stats.chisquare(np.bincount(drawn, minlength=16), 20_000 * p).pvalue > 0.01


# --- Temperature ----------------------------------------------------------------------------------


@unhurried
@given(logit_vectors, st.floats(0.3, 5.0))
def test_slope_of_the_entropy_is_the_variance_over_the_cube(z, T):
    p, h = sm.softmax(z / T), 1e-5 * T
    below, above = (sm.entropy(sm.softmax(z / (T + s))) for s in (-h, h))
    variance = p @ (z - p @ z) ** 2
    assert_allclose((above - below) / (2 * h), variance / T**3, rtol=1e-5, atol=1e-7)


@unhurried
@given(logit_vectors)
def test_cold_samples_are_greedy(z):
    leads = z.max() - z
    if np.any((leads > 0) & (leads < 0.01)):
        return
    drawn = draw(sm.softmax(z / 1e-4), np.random.default_rng(0), 50)
    assert_array_equal(z[drawn], z.max())


# --- Cuts -----------------------------------------------------------------------------------------


@unhurried
@given(logit_vectors, masses)
def test_nucleus_has_the_mass_and_no_smaller_set_has(z, q):
    p, mask = sm.softmax(z), nucleus_mask(z, q)
    assert p[mask].sum() >= q - 1e-12
    smaller = itertools.combinations(range(len(z)), int(mask.sum()) - 1)
    assert max(p[list(group)].sum() for group in smaller) < q + 1e-12


@unhurried
@given(logit_vectors, masses)
@example(np.array([0.0, 1e-30]), 0.4)  # the probabilities round to a tie
def test_nucleus_keeps_the_most_probable_classes(z, q):
    mask = nucleus_mask(z, q)
    assert mask.any()
    assert np.min(z[mask]) >= np.max(z[~mask], initial=-np.inf)


@unhurried
@given(logit_vectors, masses)
def test_renormalizing_keeps_ratios_and_grows_by_one_over_the_mass_at_most(z, q):
    p, mask = sm.softmax(z), nucleus_mask(z, q)
    kept = sm.softmax(z, where=mask)
    assert_array_equal(kept[~mask], 0)
    assert_allclose(kept[mask] / kept.max(), p[mask] / p.max(), rtol=1e-12)
    assert np.all(kept <= p / q * (1 + 1e-12))


def test_nucleus_of_the_rhyme_with_its_tie():
    mask = nucleus_mask(WORDS_AFTER_THE, 0.9)
    assert_array_equal(np.flatnonzero(mask), range(11))


@pytest.mark.parametrize("z", [[-np.inf, 0.0, -np.inf, 1.0], [0.0, -10.0, -40.0], [-800.0, 0.0]])
def test_nucleus_of_mass_one_leaves_out_the_impossible_only(z):
    assert_array_equal(nucleus_mask(np.array(z), 1.0), np.isfinite(z))


@unhurried
@given(logit_vectors, st.integers(1, 8))
def test_top_k_keeps_k_of_the_largest(z, k):
    mask = top_k_mask(z, k)
    assert mask.sum() == min(k, len(z))
    assert np.min(z[mask]) >= np.max(z[~mask], initial=-np.inf)
    assert np.count_nonzero(sm.softmax(z, where=mask)) == mask.sum()


@unhurried
@given(logit_vectors, st.integers(1, 8), st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_top_k_and_temperature_may_change_places(z, k, T):
    assert_array_equal(top_k_mask(z / T, k), top_k_mask(z, k))


@unhurried
@given(logit_vectors, st.floats(0.0, 1.0))
def test_min_p_keeps_what_is_near_the_largest(z, min_p):
    p, mask = sm.softmax(z), min_p_mask(z, min_p)
    assert mask[z.argmax()]
    assert_array_equal(mask, p / p.max() >= min_p)


def test_min_p_keeps_the_words_of_the_rhyme_at_a_temperature_where_no_nucleus_does():
    """A sure word and an unsure one, each with a tail of 0.001 of a count."""
    known = [(12, 11, 10, 9, 8, 7, 7, 6, 5, 4, 3, 3, 2, 1, 1, 1), (1,)]
    rows = [np.log(0.001 + np.pad(np.array(c, float), (0, 48 - len(c)))) / 3 for c in known]
    sizes = [[int(min_p_mask(z, 0.2).sum()) for z in rows]]
    sizes += [[int(nucleus_mask(z, q).sum()) for z in rows] for q in np.linspace(0.01, 1, 100)]
    assert sizes[0] == [16, 1]
    assert [16, 1] not in sizes[1:]


# --- Penalties ------------------------------------------------------------------------------------


@unhurried
@given(logit_vectors, st.floats(1.0, 3.0), st.integers(0, 100))
def test_repetition_penalty_lowers_what_was_said_and_nothing_else(z, theta, seed):
    said = np.random.default_rng(seed).integers(0, len(z), size=2)
    penalized = penalize_repetition(z, said, theta)
    others = np.setdiff1d(np.arange(len(z)), said)
    assert np.all(penalized[said] <= z[said])
    assert_array_equal(penalized[others], z[others])
    ratio = penalized[said] / np.where(z[said] == 0, 1, z[said])
    assert_allclose(ratio[z[said] > 0], 1 / theta)
    assert_allclose(ratio[z[said] < 0], theta)


# --- Beam search ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_a_wide_beam_finds_the_best_text_and_a_narrow_one_is_greedy(seed):
    logits = np.random.default_rng(seed).normal(size=(4, 4))
    logits[seed % 4, 2] = -np.inf
    log_p = sm.log_softmax(logits, axis=1)

    def score(text):
        return sum(log_p[pair] for pair in itertools.pairwise(text))

    texts = [(0, *rest) for rest in itertools.product(range(4), repeat=4)]
    found, best = chapter.beam_search(log_p, 0, 5, 4**4)[0]
    assert_allclose(found, max(map(score, texts)))
    assert_allclose(found, score(best))
    greedy = [0]
    while len(greedy) < 5:
        greedy.append(int(log_p[greedy[-1]].argmax()))
    assert chapter.beam_search(log_p, 0, 5, 1)[0][1] == greedy


# --- Speculative sampling -------------------------------------------------------------------------


def random_model(rng, num_words, impossible=0.0):
    """Return a model that looks at the last two words; some of its probabilities are 0."""
    table = rng.dirichlet(np.ones(num_words), size=(num_words, num_words))
    table *= rng.random(table.shape) >= impossible
    table[..., 0] += 1e-3
    table /= table.sum(axis=-1, keepdims=True)
    return lambda text: table[text[-2], text[-1]]


def law_by_products(model, start, length):
    """Return the probability of each text: the product of those of its words."""
    law = {tuple(start): 1.0}
    for _ in range(length):
        law = {
            (*text, word): weight * p
            for text, weight in law.items()
            for word, p in enumerate(model(list(text)))
            if p > 0
        }
    return law


@pytest.mark.parametrize("num_drafts", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_speculative_texts_have_exactly_the_law_of_the_large_model(seed, num_drafts):
    rng = np.random.default_rng(seed)
    large, small = random_model(rng, 3, impossible=0.3), random_model(rng, 3, impossible=0.3)

    def write(choose):
        text = speculate([0, 1], num_drafts, large, small, choose)
        text = speculate(text, 1, large, small, choose)
        while len(text) < 5:
            text.append(choose(large(text)))
        return text[:5]

    law, target = exact_law(write), law_by_products(large, [0, 1], 3)
    for text in {*law, *target}:
        assert law.get(text, 0.0) == pytest.approx(target.get(text, 0.0), abs=1e-13)


def test_a_draft_is_accepted_as_often_as_the_models_agree():
    rng = np.random.default_rng(0)
    p, d = rng.dirichlet(np.ones(6), size=2)
    law = exact_law(lambda choose: speculate([], 1, lambda _: p, lambda _: d, choose))
    accepted = sum(weight for text, weight in law.items() if len(text) == 2)
    assert accepted == pytest.approx(np.minimum(p, d).sum())
    assert accepted == pytest.approx(1 - np.abs(p - d).sum() / 2)


def test_exact_law_runs_every_path_once():
    def count_heads(choose):
        return [sum(choose([0.75, 0.25]) for _ in range(5))]

    law = exact_law(count_heads)
    assert_allclose([law[(k,)] for k in range(6)], stats.binom.pmf(range(6), 5, 0.25))
