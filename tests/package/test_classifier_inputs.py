"""What SoftmaxClassifier accepts as data: sparse matrices, dtypes, masked arrays."""

import ast
import inspect
import tracemalloc

import numpy as np
import pytest
import scipy.sparse
from sklearn.datasets import load_digits
from sklearn.impute import SimpleImputer

import softmax._classifier_validation
import softmax._feature_scaling
import softmax._optimizer
import softmax.classifier
from softmax import SoftmaxClassifier
from tests.package.numeric import iris


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_sparse_is_trained_as_dense(make):
    X, y = load_digits(return_X_y=True)
    X = X[:400] + 0.0
    X[:, 5] = np.where(X[:, 5] > 3, 1000 + X[:, 5], 999)  # an offset, which is not filled in
    settings = {"random_state": 0, "max_iter": 20, "tol": None, "batch_size": 100}
    dense = SoftmaxClassifier(**settings).fit(X, y[:400])
    sparse = SoftmaxClassifier(**settings).fit(make(X), y[:400])
    np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=1e-6, atol=1e-8)
    p = sparse.predict_proba(make(X))
    np.testing.assert_allclose(p, dense.predict_proba(X), rtol=1e-5, atol=1e-8)
    sparse.partial_fit(make(X[:50]), y[:50])


def test_entries_stored_in_parts_are_their_sum():
    X, y = load_digits(return_X_y=True)
    whole = scipy.sparse.csr_array(X[:300])
    parts = [np.repeat(part, 2) for part in (whole.data / 2, whole.indices)]
    twice = scipy.sparse.csr_array((*parts, 2 * whole.indptr), whole.shape)
    models = [SoftmaxClassifier(random_state=0).fit(A, y[:300]) for A in (whole, twice)]
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)
    assert twice.nnz == 2 * whole.nnz


@pytest.mark.parametrize(
    ("settings", "copies"),
    [({"max_iter": 3, "tol": None}, 12), ({"tol": 10, "n_iter_no_change": 1}, 36)],
)
def test_sparse_is_never_densified(settings, copies):
    rng = np.random.default_rng(0)
    cells = rng.integers(10_000, size=500_000), rng.integers(50_000, size=500_000)
    X = scipy.sparse.csr_array((rng.random(500_000), cells), shape=(10_000, 50_000))
    y = (X[:, :25_000].sum(axis=1) > X[:, 25_000:].sum(axis=1)).astype(int)
    before = X.copy()
    model = SoftmaxClassifier(random_state=0, **settings)
    tracemalloc.start()
    model.fit(X, y)
    model.predict_proba(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    nonzeros = X.data.nbytes + X.indices.nbytes + X.indptr.nbytes
    parameters = model.coef_.nbytes
    assert peak < 6 * nonzeros + copies * parameters < X.shape[0] * X.shape[1] / 5
    assert (before != X).nnz == 0


@pytest.mark.parametrize("dtype", [">f4", "<f4"])
def test_float32_of_either_byte_order_stays_float32(dtype):
    X, y = iris()
    model = SoftmaxClassifier(random_state=0).fit(X.astype(dtype), y)
    assert model.coef_.dtype == np.float32
    expected = SoftmaxClassifier(random_state=0).fit(X.astype(np.float32), y)
    np.testing.assert_array_equal(model.coef_, expected.coef_)


def test_masked_entries_are_refused_and_the_way_out_works():
    X, y = iris()
    mask = np.zeros(X.shape, bool)
    mask[0, 0] = True
    masked = np.ma.array(np.where(mask, 1e6, X), mask=mask)
    rows = np.arange(150) < 3
    model = SoftmaxClassifier(random_state=0)
    with pytest.raises(TypeError, match=r"`X` must not have masked entries.*SimpleImputer"):
        model.fit(masked, y)
    with pytest.raises(TypeError, match=r"`X` must not have masked entries"):
        model.partial_fit(masked, y, classes=[0, 1, 2])
    with pytest.raises(TypeError, match=r"`y` must not .*where ~np.ma.getmaskarray\(y\)"):
        model.fit(X, np.ma.array(y, mask=rows))
    with pytest.raises(TypeError, match=r"`sample_weight` must not .*sample_weight.filled\(0\)"):
        model.fit(X, y, np.ma.array(np.ones(150), mask=rows))
    with pytest.raises(TypeError, match=r"`X_val` must not have masked entries.*X_val.filled"):
        model.fit(X, y, X_val=masked, y_val=y)
    assert not hasattr(model, "coef_")
    model.fit(SimpleImputer().fit_transform(masked.filled(np.nan)), y)
    for method in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(TypeError, match=r"`X` must not have masked entries"):
            method(masked)
    weight = np.ma.array(np.ones(150), mask=rows).filled(0)
    left_out = SoftmaxClassifier(random_state=0).fit(X[3:], y[3:])
    np.testing.assert_allclose(model.fit(X, y, weight).coef_, left_out.coef_, rtol=1e-10)
    assert model.fit(np.ma.array(X), np.ma.array(y)).score(X, y) > 0.95  # nothing is masked


def test_batches_grow_with_the_data():
    X, y = np.zeros((1_000_000, 1), np.float32), np.arange(1_000_000) % 2
    model = SoftmaxClassifier(max_iter=1, tol=None).fit(X, y)
    assert model._batch_size(X) == 10_000
    assert model._batch_size(X[:300]) == 300
    assert model._batch_size(X[:10_000]) == 200


def test_only_the_public_interface_of_scikit_learn():
    for module in (
        softmax.classifier,
        softmax._classifier_validation,
        softmax._optimizer,
        softmax._feature_scaling,
    ):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("sklearn"):
                names = [*node.module.split("."), *(alias.name for alias in node.names)]
                assert not [name for name in names if name.startswith("_")]
