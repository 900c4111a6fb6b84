"""What fetches Python for the browser: no file that is not the pinned one."""

import hashlib

import pytest

from tools.runtime import CORE, LIST, RUNTIME, FetchError, fetch, is_whole

WHOLE = {"core.js": b"whole", "package.whl": b"whole, too"}
WANTED = {name: hashlib.sha256(content).hexdigest() for name, content in WHOLE.items()}


def whole(names):
    yield from ((name, WHOLE[name]) for name in names)


def half(names):
    yield from ((name, WHOLE[name][:3]) for name in names)


def first_only(names):
    yield names[0], WHOLE[names[0]]
    raise OSError("the line is cut")


def there(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_one_source_lacks_comes_from_the_next(tmp_path):
    fetch(WANTED, tmp_path, [first_only, whole])
    assert there(tmp_path) == WHOLE


def test_half_a_file_never_takes_its_name(tmp_path):
    with pytest.raises(FetchError, match=r"(?s)^core.js, package.whl cannot.*another checksum"):
        fetch(WANTED, tmp_path, [half])
    assert there(tmp_path) == {}


def test_error_says_what_each_source_said(tmp_path):
    with pytest.raises(FetchError, match=r"(?s)^package.whl.*first only: the line is cut.*half: "):
        fetch(WANTED, tmp_path, [first_only, half])


def test_altered_file_is_fetched_anew_and_a_whole_one_is_not(tmp_path):
    fetch(WANTED, tmp_path, [whole])
    (tmp_path / "core.js").write_bytes(b"altered")
    asked = []

    def source(names):
        asked.extend(names)
        return whole(names)

    fetch(WANTED, tmp_path, [source])
    assert asked == ["core.js"]
    assert there(tmp_path) == WHOLE


def test_runtime_that_is_here_is_what_was_pinned():
    if not (RUNTIME / LIST).exists():
        pytest.skip("Python for the browser is not here: make runtime")
    assert all(is_whole(RUNTIME / name, sha256) for name, sha256 in CORE.items())
