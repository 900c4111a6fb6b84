"""What each figure function draws, read back from its Axes."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

import softmax as sm
from softmax import plotting


@pytest.fixture(autouse=True)
def book_style():
    with plt.style.context("softmax.book"), mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def test_book_style_has_colors_that_differ_in_lightness_or_hue():
    colors = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    assert len(set(colors)) == len(colors) == 6


def test_bars_draws_each_value_with_its_number():
    ax = plotting.bars([0.25, -1.5], ["a", "b"], fmt="{:.1f}")
    assert [bar.get_height() for bar in ax.patches] == [0.25, -1.5]
    assert [text.get_text() for text in ax.texts] == ["0.2", "-1.5"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b"]


def test_bars_draws_on_the_given_axes_and_returns_it():
    _, (left, right) = plt.subplots(1, 2)
    assert plotting.bars([1.0], ax=left) is left
    assert not right.patches


def test_bars_names_classes_by_index_without_labels():
    ax = plotting.bars([1.0, 2.0])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1"]


def test_bars_refuses_a_matrix_and_a_wrong_number_of_labels():
    with pytest.raises(ValueError, match=r"`values` .* got shape \(2, 2\)\. Call bars once"):
        plotting.bars(np.eye(2))
    with pytest.raises(ValueError, match="each of the 2 classes, got 3"):
        plotting.bars([1.0, 2.0], ["a", "b", "c"])


def test_logits_and_probabilities_draws_the_softmax_of_what_it_was_given():
    z = [0.25, 1.23, -0.8]
    left, right = plotting.logits_and_probabilities(z)
    assert [bar.get_height() for bar in left.patches] == z
    np.testing.assert_allclose([bar.get_height() for bar in right.patches], sm.softmax(z))


def test_training_curves_count_epochs_from_one():
    (ax,) = plotting.training_curves([0.9, 0.5, 0.4])
    (line,) = ax.lines
    assert line.get_xdata().tolist() == [1, 2, 3]
    assert line.get_ydata().tolist() == [0.9, 0.5, 0.4]


def test_training_curves_put_accuracy_beside_loss():
    loss, accuracy = plotting.training_curves([0.9, 0.5], [0.7, 0.8])
    assert loss.get_title() == "training loss"
    assert accuracy.get_title() == "validation accuracy"
    assert accuracy.lines[0].get_ydata().tolist() == [0.7, 0.8]


def test_confusion_matrix_writes_counts_and_colors_shares_of_rows():
    counts = np.array([[8, 2], [0, 0]])
    ax = plotting.confusion_matrix(counts, ["cat", "dog"])
    assert [text.get_text() for text in ax.texts] == ["8", "2", "0", "0"]
    np.testing.assert_allclose(ax.images[0].get_array().filled(), [[0.8, 0.2], [0, 0]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert [text.get_color() for text in ax.texts][:2] == ["white", "0.15"]  # both readable


@pytest.mark.parametrize("scale", [1 / 7, 1000 / 7])
def test_confusion_matrix_of_fractions_is_colored_as_that_of_counts(scale):
    counts = np.array([[3, 1], [7, 0]])
    ax = plotting.confusion_matrix(scale * counts)
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.75, 0.25], [1, 0]])
    numbers = ["0.43", "0.14", "1", "0"] if scale < 1 else ["428.57", "142.86", "1000", "0"]
    assert [text.get_text() for text in ax.texts] == numbers


def test_confusion_matrix_refuses_a_matrix_that_is_not_square():
    with pytest.raises(ValueError, match=r"square matrix.* got shape \(2, 3\)"):
        plotting.confusion_matrix(np.zeros((2, 3)))


def test_templates_share_one_symmetric_scale():
    coef = np.array([[1.0, 2.0, 3.0, 4.0], [-5.0, 0.0, 0.0, 0.0]])
    axes = plotting.templates(coef, (2, 2)).ravel()
    np.testing.assert_allclose(axes[0].images[0].get_array(), [[1, 2], [3, 4]])
    assert axes[0].images[0].get_clim() == axes[1].images[0].get_clim() == (-5, 5)
    assert axes[0].images[0].get_cmap()(1.0)[2] > axes[0].images[0].get_cmap()(1.0)[0]  # blue


def test_image_grid_shows_each_picture_with_its_title_and_hides_the_rest():
    images = np.arange(3 * 4).reshape(3, 2, 2)
    axes = plotting.image_grid(images, ["a", "b", "c"], columns=2)
    assert axes.shape == (2, 2)
    assert [ax.get_title() for ax in axes.flat] == ["a", "b", "c", ""]
    np.testing.assert_array_equal(axes.flat[2].images[0].get_array(), images[2])
    assert not axes.flat[3].images
    assert not any(ax.axison for ax in axes.flat)


def test_image_grid_refuses_more_pictures_than_places_or_titles():
    images = np.zeros((3, 2, 2))
    _, axes = plt.subplots(1, 2)
    with pytest.raises(ValueError, match="3 pictures, 2 Axes and 3 titles"):
        plotting.image_grid(images, axes=axes)
    with pytest.raises(ValueError, match="1 titles"):
        plotting.image_grid(images, ["a"])


TWO = {"model": None, "X": np.eye(2), "y": ["left", "right"]}


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (
            "image_grid",
            {"images": np.zeros((5, 784))},
            r"`images` must have shape \(N, height, width\), got shape \(5, 784\)\. Reshape",
        ),
        (
            "image_grid",
            {"images": np.zeros((5, 2, 2)), "columns": 0},
            "`columns` must be an integer >= 1, got 0.",
        ),
        (
            "training_curves",
            {"loss": [1, 2], "accuracy": [0, 1], "axes": 1},
            "`axes` must be 2 matplotlib Axes, got 1.",
        ),
        (
            "training_curves",
            {"loss": [1, 2], "axes": 2},
            "`axes` must be 1 matplotlib Axes, got 2.",
        ),
        (
            "logits_and_probabilities",
            {"z": [1, 2], "axes": 1},
            "`axes` must be 2 matplotlib Axes, got 1.",
        ),
        (
            "templates",
            {"coef": np.ones(4), "image_shape": (2, 2)},
            r"`coef` must have a row of .+, got shape \(4,\) and an `image_shape` of \(2, 2\)\.",
        ),
        (
            "templates",
            {"coef": np.ones((2, 4)), "image_shape": (2, 3)},
            r"got shape \(2, 4\) and an `image_shape` of \(2, 3\)\.",
        ),
        ("templates", {"coef": np.ones((2, 4)), "image_shape": 4}, "an `image_shape` of 4"),
        (
            "decision_regions",
            TWO | {"X": np.eye(2, 4)},
            r"`X` must have shape \(N, 2\), got shape \(2, 4\)\. Fit and draw a model of two",
        ),
        (
            "decision_regions",
            TWO | {"y": ["left"]},
            r"`y` must have a class for each of the 2 points, shape \(2,\), got shape \(1,\)\.",
        ),
        (
            "decision_regions",
            TWO | {"y": [0, 1]},
            r"`y` must hold classes of the model, \['left', 'right'\], got 0 at index \(0,\)\.",
        ),
        (
            "decision_regions",
            TWO | {"resolution": 0},
            "`resolution` must be an integer >= 1, got 0.",
        ),
    ],
)
def test_shapes_and_numbers_that_do_not_fit_are_refused(function, arguments, message):
    if "axes" in arguments:
        arguments = arguments | {"axes": plt.subplots(1, arguments["axes"])[1]}
    if "model" in arguments:
        arguments = arguments | {"model": LeftOrRight()}
    with pytest.raises(ValueError, match=message):
        getattr(plotting, function)(**arguments)


def test_masked_arrays_are_refused_and_drawn_as_gaps():
    values = np.ma.masked_greater([1.0, 99.0], 50)
    with pytest.raises(TypeError, match=r"pass values\.astype\(float\)\.filled\(np\.nan\)"):
        plotting.bars(values)
    ax = plotting.bars(values.astype(float).filled(np.nan))
    assert np.isnan(ax.patches[1].get_height())
    counts = np.ma.masked_greater([[1, 99], [0, 1]], 50)
    with pytest.raises(TypeError, match=r"pass counts\.filled\(0\)"):
        plotting.confusion_matrix(counts)
    plotting.confusion_matrix(counts.filled(0))
    pictures = np.ma.masked_greater(np.arange(8).reshape(2, 2, 2), 6)
    for function, args in [
        (plotting.logits_and_probabilities, (values,)),
        (plotting.training_curves, (values,)),
        (plotting.training_curves, ([1.0, 2.0], values)),
        (plotting.image_grid, (pictures,)),
        (plotting.templates, (pictures.reshape(2, 4), (2, 2))),
        (plotting.decision_regions, (LeftOrRight(), counts, [0, 1])),
        (plotting.decision_regions, (LeftOrRight(), np.eye(2), values)),
    ]:
        with pytest.raises(TypeError, match="must not have masked entries"):
            function(*args)


class LeftOrRight:
    """A stand-in for a classifier whose boundary we know: x0 = 0."""

    classes_ = np.array(["left", "right"])

    def predict_proba(self, X):
        right = sm.sigmoid(4 * X[:, 0])
        return np.stack([1 - right, right], axis=1)


def test_decision_regions_color_each_side_by_its_class():
    X = np.array([[-1.0, -1.0], [1.0, 1.0]])
    ax = plotting.decision_regions(LeftOrRight(), X, np.array(["left", "right"]), resolution=20)
    tint = np.asarray(ax.images[0].get_array())
    assert tint.shape == (20, 20, 3)
    blue_side, orange_side = tint[10, 0], tint[10, -1]
    assert blue_side[2] > blue_side[0]
    assert orange_side[0] > orange_side[2]
    assert tint[10, 0].sum() < tint[10, 9].sum()  # surer is darker
    assert [c.get_label() for c in ax.collections] == ["left", "right"]
    np.testing.assert_allclose(ax.collections[1].get_offsets(), [[1, 1]])


@pytest.mark.parametrize(
    ("dtype", "plane_dtype"), [(int, np.float64), (np.float32, np.float32), (bool, np.float32)]
)
def test_decision_regions_lie_between_points_of_integers(dtype, plane_dtype):
    class Recorder(LeftOrRight):
        def predict_proba(self, X):
            self.plane = X
            return super().predict_proba(X)

    model, X = Recorder(), np.array([[0, 0], [1, 1]], dtype)
    plotting.decision_regions(model, X, np.array(["left", "right"]), resolution=20)
    assert model.plane.dtype == plane_dtype
    assert len(np.unique(model.plane[:, 0])) == 20


@pytest.mark.parametrize("num_classes", [6, 7, 20])
def test_each_of_many_classes_has_a_color(num_classes):
    model = sm.SoftmaxClassifier(max_iter=1, tol=None)
    X, y = np.eye(num_classes, 2), np.arange(num_classes)
    ax = plotting.decision_regions(model.fit(X, y), X, y, resolution=2)
    colors = {tuple(points.get_facecolor()[0]) for points in ax.collections}
    assert len(colors) == num_classes
    assert (mpl.colors.to_rgba("C0") in colors) == (num_classes <= 6)  # of the book's style
