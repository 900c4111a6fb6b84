"""What a test of the sandbox needs, and what is to be as before after it."""

import os

import pytest

from tests.coursework.sandboxed import find_children, require_sandbox


@pytest.fixture
def sandbox():
    """Pass over a test where the sandbox does not work."""
    require_sandbox()


@pytest.fixture
def nothing_is_left():
    """See that a test leaves no process and no open file behind.

    What earlier tests have left does not count, such as the trackers of pools of processes, which
    live as long as the process that started them.
    """
    children, files = find_children(), set(os.listdir("/proc/self/fd"))
    yield
    assert find_children() <= children
    assert set(os.listdir("/proc/self/fd")) <= files
