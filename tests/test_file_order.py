"""The option --file-order-seed, which shows tests that depend on one another."""

from itertools import groupby
from pathlib import Path
from types import SimpleNamespace

from tests.conftest import pytest_collection_modifyitems

FILES = [Path(f"{letter}.py") for letter in "abcdefgh"]


def shuffled(seed, files=FILES):
    """Return the items of some files, three each, in the order of a seed."""
    items = [SimpleNamespace(path=path, place=place) for path in files for place in range(3)]
    config = SimpleNamespace(getoption=lambda name: seed)
    pytest_collection_modifyitems(config, items)
    return [(item.path, item.place) for item in items]


def test_files_stay_whole_and_their_tests_in_order():
    order = shuffled(1)
    assert sorted(order) == shuffled(None)
    for _, items in groupby(order, key=lambda item: item[0]):
        assert [place for _, place in items] == [0, 1, 2]


def test_a_seed_is_one_order_wherever_the_files_were_found():
    assert len({tuple(shuffled(seed)) for seed in range(10)}) == 10
    assert shuffled(3) == shuffled(3, FILES[::-1])


def test_without_a_seed_what_takes_longest_comes_first():
    files = [Path("a.py"), Path("b.ipynb"), Path("site/c.py"), Path("d.py"), Path("e.ipynb")]
    assert [path.stem for path, place in shuffled(None, files) if place == 0] == list("becad")
