"""MNIST and Fashion-MNIST are read as published, or not at all."""

import copy
import errno
import gzip
import hashlib
import logging
import os
import pickle
import re
import shutil
import threading
import time
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pooch
import pytest

from softmax import datasets
from softmax.datasets import load_fashion_mnist, load_mnist, load_word_frequencies

IMAGES = "t10k-images-idx3-ubyte"
LABELS = "t10k-labels-idx1-ubyte"


@pytest.fixture(scope="module")
def loaded():
    """MNIST, and the seconds that a processor took to load it."""
    start = time.process_time()
    return load_mnist(), time.process_time() - start


@pytest.fixture(scope="module")
def mnist(loaded):
    return loaded[0]


def idx_file(array):
    """Return the uncompressed IDX file of an array of bytes."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


def write_tiny(folder):
    """Write 25 pictures as MNIST's are. Return the SHA-256 and the MD5 of each file, by names."""
    folder.mkdir()
    numbers = np.random.default_rng(0)
    sha256, md5 = {}, {}
    for part, size in [("train", 20), ("t10k", 5)]:
        images = numbers.integers(0, 256, (size, 28, 28), dtype=np.uint8)
        labels = numbers.integers(0, 10, size, dtype=np.uint8)
        for name, array in [("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)]:
            content = idx_file(array)
            packed = gzip.compress(content)
            (folder / f"{part}-{name}.gz").write_bytes(packed)
            sha256[f"{part}-{name}"] = hashlib.sha256(content).hexdigest()
            md5[f"{part}-{name}.gz"] = f"md5:{hashlib.md5(packed).hexdigest()}"
    return sha256, md5


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A folder with an MNIST of 25 pictures, which load_mnist reads instead of the package's."""
    folder = tmp_path / "mnist"
    sha256, _ = write_tiny(folder)
    monkeypatch.setattr(datasets, "_MNIST_DIR", folder)
    monkeypatch.setattr(datasets, "_MNIST_SHA256", sha256)
    monkeypatch.setattr(datasets, "_N_VALIDATION", 5)
    return folder


def rewrite(directory, name, change):
    """Replace the uncompressed content of a file by change(content), soundly compressed."""
    path = directory / f"{name}.gz"
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes())), compresslevel=1))


def load_error(name):
    """Load, and return the message, which must name the file and the way out."""
    with pytest.raises(OSError, match="cannot be used") as caught:
        load_mnist()
    message = str(caught.value)
    assert f"{name}.gz" in message
    assert "git checkout -- softmax/data/mnist" in message
    assert "pip install --force-reinstall ." in message
    return message


@pytest.mark.parametrize(("part", "size"), [("train", 50_000), ("val", 10_000), ("test", 10_000)])
def test_shapes_types_and_range(mnist, part, size):
    X, y = mnist[f"X_{part}"], mnist[f"y_{part}"]
    assert (X.shape, X.dtype) == ((size, 784), np.float32)
    assert (y.shape, y.dtype) == ((size,), np.intp)
    assert (X.min(), X.max()) == (0, 1)
    assert X.flags.c_contiguous
    assert X.flags.writeable


def test_counts_of_the_digits(mnist):
    # The published counts of the 60,000 and of the 10,000; the validation set is the last 10,000.
    y_original = np.concatenate([mnist.y_train, mnist.y_val])
    original = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_original).tolist() == original
    validation = [991, 1064, 990, 1030, 983, 915, 967, 1090, 1009, 961]
    assert np.bincount(mnist.y_val).tolist() == validation
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert np.bincount(mnist.y_test).tolist() == test


def test_pixels_are_the_published_bytes(mnist):
    pixels = np.rint(mnist.X_test * 255).astype(np.uint8)
    header = bytes.fromhex("00000803 00002710 0000001c 0000001c")
    digest = hashlib.sha256(header + pixels.tobytes()).hexdigest()
    assert digest == datasets._MNIST_SHA256[IMAGES]
    assert mnist.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    # Row by row: the first training image is a 5, whose first ink is in row 5, column 12.
    assert np.flatnonzero(mnist.X_train[0])[0] == 5 * 28 + 12


def test_another_compression_of_the_same_bytes_is_accepted(small):
    before, packed = load_mnist(), (small / f"{IMAGES}.gz").read_bytes()
    rewrite(small, IMAGES, lambda content: content)
    assert (small / f"{IMAGES}.gz").read_bytes() != packed
    assert np.array_equal(load_mnist().X_test, before.X_test)


def test_each_call_gives_its_own_arrays(small):
    one, other = load_mnist(), load_mnist()
    other.X_test[:] = 7
    assert one.X_test.max() == 1


def test_loading_is_quick(loaded):
    # Measured at 0.9 s on a slow core; the bound allows for a busy machine, not for a slow reader.
    assert loaded[1] < 4


@pytest.mark.parametrize("name", datasets._MNIST_SHA256)
def test_missing_file(small, name):
    (small / f"{name}.gz").unlink()
    assert "found no such file" in load_error(name)


def test_unreadable_file(monkeypatch):
    # Not by chmod: the superuser, as whom containers often run, may read every file.
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(datasets.Path, "read_bytes", refuse)
    assert "expected a readable file, found 'Permission denied'" in (
        load_error("train-images-idx3-ubyte")
    )


def test_folder_in_the_place_of_a_file(small):
    path = small / f"{LABELS}.gz"
    path.unlink()
    path.mkdir()
    assert "expected a readable file" in load_error(LABELS)


@pytest.mark.parametrize("kept", [0, 5, 1000])
def test_truncated_gzip(small, kept):
    path = small / f"{IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:kept])
    message = load_error(IMAGES)
    assert "complete gzip file" in message or "expected the magic number" in message


@pytest.mark.parametrize("start", [20, -8])  # in the compressed stream, and in its checksum
def test_overwritten_gzip(small, start):
    path = small / f"{IMAGES}.gz"
    content = bytearray(path.read_bytes())
    for i in range(4):
        content[start + i] ^= 0xFF
    path.write_bytes(content)
    assert "complete gzip file" in load_error(IMAGES)


def test_uncompressed_bytes_cut_short(small):
    rewrite(small, IMAGES, lambda content: content[:-1])
    assert "promises 3936 uncompressed bytes (shape (5, 28, 28)), found 3935" in (
        load_error(IMAGES)
    )


def test_header_cut_short(small):
    rewrite(small, IMAGES, lambda content: content[:6])
    assert "found 6." in load_error(IMAGES)


def test_altered_pixel(small):
    rewrite(small, IMAGES, lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    message = load_error(IMAGES)
    assert f"expected the SHA-256 {datasets._MNIST_SHA256[IMAGES]}" in message
    assert "found " in message.partition("SHA-256")[2]


def test_wrong_magic_number(small):
    shutil.copy(small / f"{LABELS}.gz", small / f"{IMAGES}.gz")
    assert "magic number 0x00000803 (unsigned bytes, 3 dimensions), found 0x00000801" in (
        load_error(IMAGES)
    )


# --- the object that is returned ------------------------------------------------------------------


def test_entries_are_attributes(mnist):
    assert mnist["X_val"] is mnist.X_val
    assert set(mnist) <= set(dir(mnist))
    with pytest.raises(AttributeError, match="has no attribute 'X_valid'"):
        _ = mnist.X_valid
    assert not hasattr(mnist, "X_valid")


def test_it_is_copied_and_pickled_like_a_dict(mnist):
    small = datasets.Bunch(y=mnist.y_val[:3])
    small.names = ["a"]
    for other in (pickle.loads(pickle.dumps(small)), copy.deepcopy(small)):
        assert type(other) is datasets.Bunch
        assert other.y.tolist() == small["y"].tolist()
        assert other.names == ["a"]


# --- a source -------------------------------------------------------------------------------------


@contextmanager
def served(folder):
    """Serve a folder on this computer, and return its address and what was asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *details):
            pass

        def log_request(self, *details):
            asked.append(self.path)

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as httpd:
        threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{httpd.server_port}", asked
        finally:
            httpd.shutdown()


@pytest.fixture
def without_data(tmp_path, monkeypatch):
    """Let the package be one that was built without data; its home folder is an empty one."""
    monkeypatch.setattr(datasets, "_MNIST_DIR", tmp_path / "nowhere")
    monkeypatch.setattr(datasets, "_WORDS_FILE", tmp_path / "nowhere" / datasets._WORDS_FILE.name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    yield
    assert not list((tmp_path / "home").iterdir())  # nothing is stored


WORDS_DIR = datasets._WORDS_FILE.parent


@pytest.mark.parametrize("loader", [load_mnist, load_word_frequencies])
def test_a_package_without_data_says_what_to_pass(without_data, loader):
    with pytest.raises(FileNotFoundError) as caught:
        loader()
    message = str(caught.value)
    assert "built without its data" in message
    assert f"{loader.__name__}('https://…/') or {loader.__name__}('path/to/folder')" in message


@pytest.mark.parametrize("form", [str, lambda folder: folder, lambda folder: folder.as_uri()])
def test_source_is_a_folder_or_an_address_of_one(small, without_data, form):
    assert sizes(load_mnist(form(small))) == [15, 15, 5, 5, 5]
    assert load_word_frequencies(form(WORDS_DIR)).words[0] == "the"


def test_source_is_the_address_of_a_server(small, without_data):
    shutil.copytree(WORDS_DIR, small.parent / "words")
    with served(small.parent) as (address, asked):
        for end in ("", "/"):
            data = load_mnist(f"{address}/mnist{end}")
            assert np.array_equal(data.X_test, load_mnist(small).X_test)
        assert load_word_frequencies(f"{address}/words").counts[0] == 53703180
    assert len(asked) == 9
    assert all("//" not in path for path in asked)


def test_source_with_a_tilde(without_data, tmp_path):
    with pytest.raises(OSError, match=re.escape(f"{tmp_path}/home/mnist/train-images")):
        load_mnist("~/mnist")


def test_source_that_was_tampered_with_is_refused(small, without_data):
    rewrite(small, LABELS, lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    with served(small) as (address, _):
        for source in (small, address):
            with pytest.raises(
                OSError, match=rf"{LABELS}\.gz cannot be used: expected the SHA-256"
            ):
                load_mnist(source)
        (small / f"{LABELS}.gz").write_bytes(b"<html>moved</html>")
        with pytest.raises(OSError, match="expected the magic number"):
            load_mnist(address)


def test_source_that_a_server_sends_unpacked(small, without_data, tmp_path):
    # As a browser hands over a file that comes with "Content-Encoding: gzip".
    for path in small.glob("*.gz"):
        (tmp_path / path.name).write_bytes(gzip.decompress(path.read_bytes()))
    assert sizes(load_mnist(tmp_path.as_uri())) == [15, 15, 5, 5, 5]


def test_source_that_has_no_files(without_data, tmp_path):
    way_out = "Pass a `source` that has the file as published"
    with served(tmp_path) as (address, _), pytest.raises(OSError, match=f"HTTP.*404.*{way_out}"):
        load_mnist(address)
    with pytest.raises(OSError, match=f"train-images.*found no such file.*{way_out}"):
        load_mnist(tmp_path)
    with pytest.raises(OSError, match=f"refused.*{way_out}"):
        load_mnist("http://127.0.0.1:9/")  # nothing listens on the discard port
    with pytest.raises(TypeError, match=r"^`source` must be a folder or an address, got 3\.$"):
        load_mnist(3)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder with a Fashion-MNIST of 25 pictures, and no other place that has any files."""
    folder = tmp_path / "tiny"
    sha256, downloads = write_tiny(folder)
    monkeypatch.setattr(datasets, "_FASHION_SHA256", sha256)
    monkeypatch.setattr(datasets, "_FASHION_DOWNLOADS", downloads)
    monkeypatch.setattr(datasets, "_N_VALIDATION", 5)
    monkeypatch.setattr(datasets, "_FASHION_DEBIAN_DIR", tmp_path / "debian")
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / "cache" / project)
    # Nothing listens on the discard port of this computer, and nothing is asked of another one.
    monkeypatch.setattr(datasets, "_FASHION_URL", "http://127.0.0.1:9/")
    monkeypatch.delenv("SOFTMAX_DATA", raising=False)
    return folder


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache" / "softmax-from-first-principles" / "fashion-mnist"


@pytest.fixture
def server(tiny, monkeypatch):
    """Serve the tiny folder as the official address, and return the list of what was asked for."""
    asked = []

    class Handler(SimpleHTTPRequestHandler):
        def log_request(self, *details):
            asked.append(self.path.strip("/"))

    handler = partial(Handler, directory=str(tiny))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setattr(datasets, "_FASHION_URL", f"http://127.0.0.1:{httpd.server_port}/")
        yield asked
        httpd.shutdown()


def sizes(data):
    return [len(data[name]) for name in ("X_train", "y_train", "X_val", "y_val", "X_test")]


@pytest.mark.parametrize("place", ["own", "own/fashion-mnist", "debian", "cache"])
def test_each_place_will_do(tiny, cache, tmp_path, monkeypatch, place):
    folder = cache if place == "cache" else tmp_path / place
    shutil.copytree(tiny, folder)
    monkeypatch.setenv("SOFTMAX_DATA", str(tmp_path / "own"))  # empty, but for the first two
    data = load_fashion_mnist()
    assert sizes(data) == [15, 15, 5, 5, 5]
    assert len(data.class_names) == 10


def test_places_are_asked_in_order(tiny, cache, tmp_path, monkeypatch):
    monkeypatch.setenv("SOFTMAX_DATA", str(tmp_path / "own"))
    order = [tmp_path / "own" / "fashion-mnist", tmp_path / "own", tmp_path / "debian", cache]
    for folder in reversed(order):
        shutil.copytree(tiny, folder, dirs_exist_ok=True)
        assert datasets._find_fashion_mnist()[0] == folder


def test_downloaded_once_and_without_a_word(server, cache, capfd):
    news = []
    handler = logging.Handler()
    handler.emit = news.append
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        assert sizes(load_fashion_mnist()) == [15, 15, 5, 5, 5]
    finally:
        left = logger.level
        logger.setLevel(level)
        logger.removeHandler(handler)
    assert not news
    assert left == logging.INFO
    assert capfd.readouterr() == ("", "")
    assert sorted(server) == sorted(datasets._FASHION_DOWNLOADS)
    load_fashion_mnist()
    assert len(server) == 4


def test_damaged_file_in_the_cache_is_downloaded_again(server, tiny, cache):
    shutil.copytree(tiny, cache)
    (cache / f"{LABELS}.gz").write_bytes(b"half of i")
    assert sizes(load_fashion_mnist()) == [15, 15, 5, 5, 5]
    assert server == [f"{LABELS}.gz"]


def test_cache_may_hold_files_that_another_tool_packed(tiny, cache):
    shutil.copytree(tiny, cache)
    rewrite(cache, LABELS, lambda content: content)
    packed = (cache / f"{LABELS}.gz").read_bytes()
    assert f"md5:{hashlib.md5(packed).hexdigest()}" != datasets._FASHION_DOWNLOADS[f"{LABELS}.gz"]
    assert sizes(load_fashion_mnist()) == [15, 15, 5, 5, 5]
    rewrite(cache, LABELS, lambda content: content[:-1])
    with pytest.raises(OSError, match=f"Delete .*{cache.name}, to have the files downloaded again"):
        load_fashion_mnist()


def test_half_a_download_is_not_kept(server, tiny, cache):
    path = tiny / "train-labels-idx1-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    with pytest.raises(FileNotFoundError, match="hash"):
        load_fashion_mnist()
    assert [left.name for left in cache.iterdir()] == ["train-images-idx3-ubyte.gz"]
    path.write_bytes(whole)
    assert sizes(load_fashion_mnist()) == [15, 15, 5, 5, 5]


@pytest.mark.parametrize("own", [None, "empty"])
def test_out_of_reach(tiny, cache, tmp_path, monkeypatch, own):
    if own:
        (tmp_path / own).mkdir()
        monkeypatch.setenv("SOFTMAX_DATA", str(tmp_path / own))
    with pytest.raises(FileNotFoundError) as caught:
        load_fashion_mnist()
    message = str(caught.value)
    folder = str(tmp_path / "empty")
    now = f"now it stands for {folder!r}, which has none" if own else "now it is not set"
    for part in ("SOFTMAX_DATA", now, "apt-get install dataset-fashion-mnist", str(cache),
                 datasets._FASHION_URL, "30 MB", "ConnectionError",
                 *datasets._FASHION_DOWNLOADS):  # fmt: skip
        assert part in message


def test_cache_that_cannot_be_written(tiny, cache):
    cache.parent.parent.mkdir()
    cache.parent.write_text("a file, where the folder should be", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match="four ways"):
        load_fashion_mnist()


@pytest.mark.parametrize("form", ["~/own", "$HOME/own", '"~/own"', "'~/own'", "  ~/own\n"])
def test_softmax_data_is_expanded(tiny, tmp_path, monkeypatch, form):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SOFTMAX_DATA", form)
    with pytest.raises(FileNotFoundError, match=re.escape(f"{tmp_path}/own', which is not a")):
        load_fashion_mnist()
    shutil.copytree(tiny, tmp_path / "own")
    assert sizes(load_fashion_mnist()) == [15, 15, 5, 5, 5]


def test_softmax_data_with_a_space_and_a_quote(tiny, tmp_path, monkeypatch):
    folder = tmp_path / "Ann's own data"
    shutil.copytree(tiny, folder)
    monkeypatch.setenv("SOFTMAX_DATA", str(folder))
    assert sizes(load_fashion_mnist()) == [15, 15, 5, 5, 5]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs the permissions of POSIX")
def test_softmax_data_that_may_not_be_read(tiny, tmp_path, monkeypatch):
    folder = tmp_path / "own"
    shutil.copytree(tiny, folder)
    monkeypatch.setenv("SOFTMAX_DATA", str(folder))
    superuser = os.geteuid() == 0  # who may read everything, so for a moment it is somebody else
    folder.chmod(0)
    if superuser:
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError) as caught:
            load_fashion_mnist()
    finally:
        if superuser:
            os.seteuid(0)
        folder.chmod(0o700)
    message = str(caught.value)
    assert "must be a folder that you may read, got 'Permission denied'" in message
    assert "or unset SOFTMAX_DATA" in message


@pytest.mark.parametrize(
    ("place", "remedy"), [("own", "unset SOFTMAX_DATA"), ("debian", "Install the package")]
)
def test_incomplete_or_altered_folder(tiny, tmp_path, monkeypatch, place, remedy):
    monkeypatch.setenv("SOFTMAX_DATA", str(tmp_path / "own"))
    folder = tmp_path / place
    shutil.copytree(tiny, folder)
    rewrite(folder, LABELS, lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(OSError, match=f"expected the SHA-256 .*{remedy}") as caught:
        load_fashion_mnist()
    assert str(folder / f"{LABELS}.gz") in str(caught.value)
    (folder / f"{LABELS}.gz").unlink()
    with pytest.raises(OSError, match=f"found no such file.*{remedy}"):
        load_fashion_mnist()


def test_fashion_mnist_as_published(fashion_mnist):
    data = load_fashion_mnist()
    assert sizes(data) == [50_000, 50_000, 10_000, 10_000, 10_000]
    assert (data.X_train.dtype, data.y_train.dtype) == (np.float32, np.intp)
    assert np.bincount(np.concatenate([data.y_train, data.y_val])).tolist() == [6000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    pixels = np.rint(data.X_test * 255).astype(np.uint8).reshape(-1, 28, 28)
    assert hashlib.sha256(idx_file(pixels)).hexdigest() == datasets._FASHION_SHA256[IMAGES]
    # The first ten labels of the published training set.
    assert data.y_train[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert data.class_names[data.y_test[0]] == "Ankle boot"
