"""What fetches Python for the browser: no file that is not the pinned one."""

import hashlib
import json

import pytest

import tools.runtime
from tools.runtime import CORE, LIST, LOCK, RUNTIME, FetchError, fetch, fill, is_whole

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


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def distribution(monkeypatch):
    """Return the files of a small distribution, whose core is pinned: a source of them all."""
    packages = {"numpy": [], "matplotlib": ["numpy"], "unused": []}
    files = {f"{name}.whl": name.encode() for name in packages}
    lock = {
        name: {"file_name": f"{name}.whl", "sha256": sha256(files[f"{name}.whl"]), "depends": needs}
        for name, needs in packages.items()
    }
    files |= {"core.js": b"core", LOCK: json.dumps({"packages": lock}).encode()}
    pinned = {name: sha256(files[name]) for name in ("core.js", LOCK)}
    monkeypatch.setattr(tools.runtime, "CORE", pinned)
    monkeypatch.setattr(tools.runtime, "PACKAGES", ("matplotlib",))
    return lambda names: ((name, files[name]) for name in names)


def test_folder_has_the_core_the_packages_and_what_they_depend_on(tmp_path, distribution):
    (tmp_path / "of-another-version.whl").write_bytes(b"old")
    size = fill(tmp_path, [distribution])
    found = there(tmp_path)
    listed = json.loads(found.pop(LIST))
    assert set(found) == {"core.js", LOCK, "numpy.whl", "matplotlib.whl"}
    assert size == sum(map(len, found.values()))
    assert listed["files"] == {
        name: {"size": len(content), "sha256": sha256(content)} for name, content in found.items()
    }
    assert listed["core"] == ["core.js", LOCK]
    assert listed["packages"] == {"matplotlib": ["numpy.whl", "matplotlib.whl"]}


def test_list_is_written_anew_only_if_something_changed(tmp_path, distribution):
    fill(tmp_path, [distribution])
    before = (tmp_path / LIST).stat().st_mtime_ns
    fill(tmp_path, [])
    assert (tmp_path / LIST).stat().st_mtime_ns == before


def test_folder_that_lost_a_file_has_no_list_until_it_is_whole(tmp_path, distribution):
    fill(tmp_path, [distribution])
    (tmp_path / "numpy.whl").unlink()
    with pytest.raises(FetchError, match="numpy"):
        fill(tmp_path, [])
    assert not (tmp_path / LIST).exists()
    fill(tmp_path, [distribution])
    assert {LIST, "numpy.whl"} <= set(there(tmp_path))


def test_runtime_that_is_here_is_what_was_pinned():
    if not (RUNTIME / LIST).exists():
        pytest.skip("Python for the browser is not here: make runtime")
    assert all(is_whole(RUNTIME / name, sha256) for name, sha256 in CORE.items())
