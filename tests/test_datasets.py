"""MNIST is read as published, or not at all."""

import errno
import gzip
import hashlib
import shutil
import time

import numpy as np
import pytest

from softmax import datasets
from softmax.datasets import load_mnist

IMAGES = "t10k-images-idx3-ubyte"
LABELS = "t10k-labels-idx1-ubyte"


@pytest.fixture(scope="module")
def mnist():
    return load_mnist()


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the data folder, which load_mnist reads instead of the package's own."""
    directory = tmp_path / "mnist"
    shutil.copytree(datasets._MNIST_DIR, directory)
    monkeypatch.setattr(datasets, "_MNIST_DIR", directory)
    return directory


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
    assert (y.shape, y.dtype) == ((size,), np.int64)
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


def test_another_compression_of_the_same_bytes_is_accepted(copy):
    rewrite(copy, LABELS, lambda content: content)
    assert np.bincount(load_mnist().y_test)[0] == 980


def test_each_call_gives_its_own_arrays(mnist):
    other = load_mnist()
    other.X_test[:] = 7
    assert mnist.X_test.max() == 1


def test_loading_is_quick():
    # Measured at 0.9 s on a slow core; the bound allows for a busy machine, not for a slow reader.
    start = time.process_time()
    load_mnist()
    assert time.process_time() - start < 4


@pytest.mark.parametrize("name", datasets._MNIST_SHA256)
def test_missing_file(copy, name):
    (copy / f"{name}.gz").unlink()
    assert "found no such file" in load_error(name)


def test_unreadable_file(monkeypatch):
    # Not by chmod: the superuser, as whom containers often run, may read every file.
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(datasets.Path, "read_bytes", refuse)
    assert "expected a readable file, found 'Permission denied'" in (
        load_error("train-images-idx3-ubyte")
    )


def test_folder_in_the_place_of_a_file(copy):
    path = copy / f"{LABELS}.gz"
    path.unlink()
    path.mkdir()
    assert "expected a readable file" in load_error(LABELS)


@pytest.mark.parametrize("kept", [0, 5, 1000])
def test_truncated_gzip(copy, kept):
    path = copy / f"{IMAGES}.gz"
    path.write_bytes(path.read_bytes()[:kept])
    message = load_error(IMAGES)
    assert "complete gzip file" in message or "expected the magic number" in message


@pytest.mark.parametrize("start", [20, -8])  # in the compressed stream, and in its checksum
def test_overwritten_gzip(copy, start):
    path = copy / f"{IMAGES}.gz"
    content = bytearray(path.read_bytes())
    for i in range(4):
        content[start + i] ^= 0xFF
    path.write_bytes(content)
    assert "complete gzip file" in load_error(IMAGES)


def test_uncompressed_bytes_cut_short(copy):
    rewrite(copy, IMAGES, lambda content: content[:-1])
    assert "promises 7840016 uncompressed bytes (shape (10000, 28, 28)), found 7840015" in (
        load_error(IMAGES)
    )


def test_header_cut_short(copy):
    rewrite(copy, IMAGES, lambda content: content[:6])
    assert "found 6." in load_error(IMAGES)


def test_altered_pixel(copy):
    rewrite(copy, IMAGES, lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    message = load_error(IMAGES)
    assert f"expected the SHA-256 {datasets._MNIST_SHA256[IMAGES]}" in message
    assert "found " in message.partition("SHA-256")[2]


def test_wrong_magic_number(copy):
    shutil.copy(copy / f"{LABELS}.gz", copy / f"{IMAGES}.gz")
    assert "magic number 0x00000803 (unsigned bytes, 3 dimensions), found 0x00000801" in (
        load_error(IMAGES)
    )
