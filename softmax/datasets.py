"""The data sets of the book, split the same way in every chapter.

The files are kept in the IDX format in which MNIST is published [1]_: a big-endian header (two
zero bytes, a type code, the number of dimensions, then each dimension as a 32-bit integer),
followed by the values themselves.

References
----------
.. [1] Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits",
   http://yann.lecun.com/exdb/mnist/
"""

import gzip
import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

__all__ = ["load_mnist"]

_MNIST_DIR = Path(__file__).parent / "data" / "mnist"

# SHA-256 of the uncompressed files: a file compressed anew by another tool is still the same data.
_MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

_MNIST_REMEDY = (
    "Restore the file with `git checkout -- softmax/data/mnist` at the root of a clone of the "
    "book, or install the package again with `pip install --force-reinstall .` there."
)

_N_VALIDATION = 10_000
_UNSIGNED_BYTE = 0x08


def load_mnist():
    """Load MNIST, the handwritten digits, from the files that come with the package.

    The validation set is the last 10,000 images of the original training set; the test set is the
    original one. Nothing is downloaded.

    Returns
    -------
    data : sklearn.utils.Bunch
        With these attributes:

        X_train : ndarray of shape (50000, 784), float32
            Images of 28 × 28 pixels, row by row, scaled from 0…255 to [0, 1].
        y_train : ndarray of shape (50000,), int64
            The digits, 0 to 9.
        X_val, y_val : ndarray of shape (10000, 784) and (10000,)
            The validation set.
        X_test, y_test : ndarray of shape (10000, 784) and (10000,)
            The test set.

    Raises
    ------
    OSError
        If a file is missing, unreadable, truncated or altered. The message names the file, what
        was found, what was expected, and how to restore it.

    Notes
    -----
    The data are licensed under CC BY-SA 3.0 by Yann LeCun and Corinna Cortes; see
    ``softmax/data/mnist/LICENSE.md``. Figures that show the digits are under the same license.

    Examples
    --------
    >>> from softmax.datasets import load_mnist
    >>> mnist = load_mnist()
    >>> mnist.X_train.shape, mnist.y_train[:5].tolist()
    ((50000, 784), [5, 0, 4, 1, 9])
    """
    return _load_idx_dataset(_MNIST_DIR, _MNIST_SHA256, _MNIST_REMEDY)


def _load_idx_dataset(directory, sha256, remedy):
    """Read four gzipped IDX files named as MNIST's, and split off the validation set."""

    def read(name, n_dims):
        path = Path(directory) / f"{name}.gz"
        try:
            return _parse_idx(_decompress(path), n_dims, sha256[name])
        except ValueError as error:
            raise OSError(f"{path} cannot be used: {error} {remedy}") from error

    X, y = _scaled(read("train-images-idx3-ubyte", 3)), read("train-labels-idx1-ubyte", 1)
    X_test, y_test = _scaled(read("t10k-images-idx3-ubyte", 3)), read("t10k-labels-idx1-ubyte", 1)
    y, y_test = y.astype(np.int64), y_test.astype(np.int64)
    return Bunch(
        X_train=X[:-_N_VALIDATION],
        y_train=y[:-_N_VALIDATION],
        X_val=X[-_N_VALIDATION:],
        y_val=y[-_N_VALIDATION:],
        X_test=X_test,
        y_test=y_test,
    )


def _scaled(images):
    """Flatten the images and scale their bytes to float32 in [0, 1]."""
    return np.divide(images.reshape(len(images), -1), 255, dtype=np.float32)


def _decompress(path):
    """Return the uncompressed bytes of a gzip file; a ValueError says why they cannot be had."""
    try:
        return gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise ValueError("found no such file, expected a gzipped IDX file.") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"expected a complete gzip file, found a damaged one ({error})."
        ) from error
    except OSError as error:
        raise ValueError(f"expected a readable file, found {error.strerror!r}.") from error


def _parse_idx(content, n_dims, sha256):
    """Return the array of unsigned bytes in an IDX file, or raise a ValueError.

    The checksum alone would find every fault. The header and the length are checked before it,
    because "a label file where the images should be" says more than two hexadecimal numbers.
    """
    magic = bytes([0, 0, _UNSIGNED_BYTE, n_dims])
    if content[:4] != magic:
        raise ValueError(
            f"expected the magic number 0x{magic.hex()} (unsigned bytes, {n_dims} dimensions), "
            f"found 0x{content[:4].hex()}."
        )
    header_size = 4 + 4 * n_dims
    # Zeros stand in for a header that is cut short; its length is then found to differ.
    shape = tuple(np.frombuffer(content[4:header_size].ljust(4 * n_dims, b"\0"), ">u4").tolist())
    expected_size = header_size + math.prod(shape)
    if len(content) != expected_size:
        raise ValueError(
            f"its header promises {expected_size} uncompressed bytes (shape {shape}), "
            f"found {len(content)}."
        )
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"expected the SHA-256 {sha256} of its uncompressed bytes, found {found}.")
    return np.frombuffer(content, np.uint8, offset=header_size).reshape(shape)
