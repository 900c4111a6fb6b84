"""What the tests of the classifier share."""

import warnings

import pytest


@pytest.fixture
def no_warning():
    """Turn every warning into an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
