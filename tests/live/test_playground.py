"""What the playground accepts, and the picture that stands for it."""

import json

import numpy as np
import pytest

from softmax import SoftmaxClassifier, live

X, Y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((X,), {}, "must be passed together"),
        (([0.0, 1.0], Y), {}, r"with 1 to 200 points, got shape \(2,\)"),
        ((np.zeros((2, 3)), Y), {}, r"got shape \(2, 3\)"),
        ((np.zeros((201, 2)), np.zeros(201, int)), {}, r"got shape \(201, 2\)"),
        (([[0.0, 4.1], [0, 0]], Y), {}, r"from -4 to 4, got 4.1 at index \(0, 1\)"),
        (([[0.0, np.nan], [0, 0]], Y), {}, "got nan"),
        ((X, [0]), {}, r"each of the 2 points, shape \(2,\), got shape \(1,\)"),
        ((X, [0, 6]), {}, r"`y` must hold integers from 0 to 5, got \[0, 6\]"),
        ((X, [-1, 0]), {}, r"got \[-1, 0\]"),
        ((X, [0.0, 1.0]), {}, r"got \[0.0, 1.0\]"),
        ((X, Y), {"learning_rate": 0}, "`learning_rate` must be a number from 0.01 to 100, got 0"),
        ((X, Y), {"alpha": -0.1}, "`alpha` must be a number from 0 to 1, got -0.1"),
        ((X, Y), {"temperature": np.nan}, "`temperature` must be a number from 0.1 to 10, got nan"),
    ],
)
def test_it_says_what_it_cannot_show(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        live.playground(*arguments, **options)


def test_the_start_holds_the_points_and_the_settings():
    figure = live.playground(X, Y, learning_rate=2, alpha=0, temperature=0.5)
    assert figure.start["presets"]["as at the start"] == [[0.0, 1.0, 0], [1.0, 0.0, 1]]
    assert figure.start["learning_rate"] == 2
    assert figure.start["alpha"] == 0
    assert figure.start["temperature"] == 0.5


def test_every_preset_fits_the_plane():
    presets = live.playground().start["presets"]
    assert len(presets) == 6
    for points in presets.values():
        assert len(points) <= 200
        assert all(abs(x1) <= 4 and abs(x2) <= 4 and 0 <= k < 6 for x1, x2, k in points)
    assert len(json.dumps(presets)) < 4_000


def test_the_groups_at_the_start_overlap_a_little():
    points = np.array(live.playground().start["presets"]["as at the start"])
    assert len(points) == 30
    model = SoftmaxClassifier(max_iter=500, random_state=0).fit(points[:, :2], points[:, 2])
    assert 0.9 <= model.score(points[:, :2], points[:, 2]) < 1


def test_points_of_one_class_have_a_picture_too():
    html = live.playground([[0.0, 1.0]], [3])._repr_html_()
    assert "points of one class alone" in html
    assert "data:image/png" in html


def test_settings_that_diverge_have_a_picture_too():
    figure = live.playground([[-3, 0], [3, 1]], [0, 1], learning_rate=100, alpha=1)
    assert figure.alt == (
        "A plane with 2 points of 2 classes. With the settings at the start, training diverges."
    )
    assert "data:image/png" in figure._repr_html_()


def test_the_picture_tells_how_many_points_are_in_their_region():
    assert "After 300 steps" in live.playground(X, Y).alt
    assert "2 of the points lie in their own" in live.playground(X, Y).alt
