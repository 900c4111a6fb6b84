"""The data sets of the book, split the same way in every chapter.

The files are kept in the IDX format in which MNIST is published [1]_: a big-endian header (two
zero bytes, a type code, the number of dimensions, then each dimension as a 32-bit integer),
followed by the values themselves.

References
----------
.. [1] Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits",
   http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import math
import os
import sys
import warnings
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

__all__ = ["load_fashion_mnist", "load_mnist", "load_word_frequencies"]

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

_FASHION_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

# The official files as they are compressed there, by the MD5 that their makers publish: enough to
# tell a whole download from a broken one. The SHA-256 above protect against forgery.
_FASHION_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
_FASHION_DOWNLOADS = {
    "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
}
_FASHION_DEBIAN_DIR = Path("/usr/share/datasets/fashion-mnist")
_FASHION_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

_WORDS_FILE = Path(__file__).parent / "data" / "words" / "english-50000.tsv.gz"
_WORDS_SHA256 = "c5f5a4caabe9997b57390693cfc5d640d1719f75c76c80c163b8de751c53542c"
_WORDS_REMEDY = _MNIST_REMEDY.replace("mnist", "words")
_SOURCE_REMEDY = "Pass a `source` that has the file as published."

_DOWNLOAD_TIMEOUT = 20  # seconds without an answer or a byte

_N_VALIDATION = 10_000
_UNSIGNED_BYTE = 0x08


class Bunch(dict):
    """A dict whose entries are attributes, too: ``data.X_train`` is ``data["X_train"]``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            ) from None

    def __setattr__(self, name, value):
        self[name] = value

    def __dir__(self):
        return [*super().__dir__(), *self]


def load_mnist(source: str | os.PathLike[str] | None = None) -> Bunch:
    """Load MNIST, the handwritten digits.

    The validation set is the last 10,000 images of the original training set; the test set is the
    original one.

    Parameters
    ----------
    source : str or path-like, optional
        A folder, or an address (http, https or file) that has the four gzipped files
        ``train-images-idx3-ubyte.gz``, ``train-labels-idx1-ubyte.gz``,
        ``t10k-images-idx3-ubyte.gz`` and ``t10k-labels-idx1-ubyte.gz``. From an address they are
        fetched anew by each call, and not stored. By default the files that come with the package
        are read, and nothing is downloaded; a package built without data (see
        `CONTRIBUTING.md`) needs a source.

    Returns
    -------
    dict
        With these entries, which are attributes, too:

        X_train : ndarray of shape (50000, 784), float32
            Images of 28 × 28 pixels, row by row, scaled from 0…255 to [0, 1].
        y_train : ndarray of shape (50000,), intp
            The digits, 0 to 9.
        X_val, y_val : ndarray of shape (10000, 784) and (10000,)
            The validation set.
        X_test, y_test : ndarray of shape (10000, 784) and (10000,)
            The test set.

    Raises
    ------
    FileNotFoundError
        If the package was built without data, and there is no `source`.
    OSError
        If a file is missing, unreadable, truncated or altered, or cannot be fetched. The message
        names the file, what was found, what was expected, and how to restore it.
    TypeError
        If `source` is neither a string nor a path.

    See Also
    --------
    load_fashion_mnist : Pictures of clothes in the same form.

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
    place, remedy = _place(source, _MNIST_DIR, _MNIST_REMEDY, "load_mnist")
    return _load_idx_dataset(place, _MNIST_SHA256, remedy)


def load_fashion_mnist() -> Bunch:
    """Load Fashion-MNIST, pictures of clothes, a drop-in replacement for MNIST [1]_.

    The 30 MB do not come with the package. They are looked for in four places, and the first that
    has any of the four files is used:

    1. the folder that the environment variable ``SOFTMAX_DATA`` names, or its subfolder
       ``fashion-mnist``;
    2. ``/usr/share/datasets/fashion-mnist``, where Debian's package dataset-fashion-mnist puts
       them;
    3. the cache of this package in your home (see `pooch.os_cache`);
    4. the official address, from which they are downloaded into that cache.

    All four hold the same data, which is checked: so a ``SOFTMAX_DATA`` without the files is
    skipped, and the error says so if no other place has them either. In its value, ``~`` and
    variables such as ``$HOME`` are expanded, and quotes around it are dropped, as a shell would.

    Returns
    -------
    dict
        With the same entries, shapes and types as that of `load_mnist`, split in the same way, and
        with one more:

        class_names : list of 10 str
            What each label from 0 to 9 stands for.

    Raises
    ------
    FileNotFoundError
        If no place has the files and they cannot be downloaded. The message names the four ways.
    PermissionError
        If a folder cannot be searched. The message names it.
    OSError
        If a file of the place used is missing, unreadable, truncated or altered. The message
        names the file, what was found and what was expected.

    See Also
    --------
    load_mnist : Handwritten digits in the same form.

    Notes
    -----
    The data are licensed under the MIT license, copyright 2017 Zalando SE.

    References
    ----------
    .. [1] H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for
       Benchmarking Machine Learning Algorithms", 2017, https://arxiv.org/abs/1708.07747

    Examples
    --------
    >>> from softmax.datasets import load_fashion_mnist
    >>> clothes = load_fashion_mnist()
    >>> clothes.class_names[clothes.y_train[0]]
    'Ankle boot'
    """
    directory, remedy = _find_fashion_mnist()
    data = _load_idx_dataset(directory, _FASHION_SHA256, remedy)
    data.class_names = list(_FASHION_NAMES)
    return data


def load_word_frequencies(source: str | os.PathLike[str] | None = None) -> Bunch:
    """Load the 50,000 most common English words and how often each occurs.

    The list is an extract of wordfreq's [1]_.

    Parameters
    ----------
    source : str or path-like, optional
        A folder, or an address (http, https or file) that has the file ``english-50000.tsv.gz``,
        as for `load_mnist`. By default the file that comes with the package is read.

    Returns
    -------
    dict
        With these entries, which are attributes, too:

        words : list of str
            The words in lower case, the most common first.
        counts : ndarray of shape (50000,), intp
            Estimated occurrences of each word in a billion words of text. They add up to less
            than a billion, since rarer words, numbers and signs are left out.

    Raises
    ------
    FileNotFoundError, OSError, TypeError
        As for `load_mnist`.

    See Also
    --------
    load_mnist : The other data set that comes with the package.

    Notes
    -----
    The data are licensed under CC BY-SA 4.0 by Robyn Speer; see
    ``softmax/data/words/LICENSE.md``, which also names the sources of the list. The list holds
    what people write, including names and vulgar words.

    References
    ----------
    .. [1] Robyn Speer, "rspeer/wordfreq: v3.0", 2022, https://doi.org/10.5281/zenodo.7199437

    Examples
    --------
    >>> from softmax.datasets import load_word_frequencies
    >>> english = load_word_frequencies()
    >>> english.words[:4], english.counts[:4].tolist()
    (['the', 'to', 'and', 'of'], [53703180, 26915348, 25703958, 25118864])
    """
    name = _WORDS_FILE.name
    place, remedy = _place(source, _WORDS_FILE.parent, _WORDS_REMEDY, "load_word_frequencies")

    def checked(content):
        _check_sha256(content, _WORDS_SHA256)
        return content

    content = _read(place, name, remedy, checked)
    rows = [line.split("\t") for line in content.decode("ascii").splitlines()]
    return Bunch(
        words=[word for word, _ in rows],
        counts=np.array([int(count) for _, count in rows], dtype=np.intp),
    )


def _find_fashion_mnist():
    """Return the folder that has the files, downloaded if need be, and what repairs it."""
    own = _expanded(os.environ.get("SOFTMAX_DATA", ""))
    places = [(_FASHION_DEBIAN_DIR, "Install the package dataset-fashion-mnist again.")]
    if own:
        remedy = "Replace the file, or unset SOFTMAX_DATA."
        places = [(Path(own) / "fashion-mnist", remedy), (Path(own), remedy), *places]
    for directory, remedy in places:
        try:
            if any((directory / name).exists() for name in _FASHION_DOWNLOADS):
                return directory, remedy
        except PermissionError as error:
            way_out = "" if directory == _FASHION_DEBIAN_DIR else ", or unset SOFTMAX_DATA"
            raise PermissionError(
                f"{directory} must be a folder that you may read, got {error.strerror!r}. Change "
                f"its permissions{way_out}."
            ) from error

    pooch = _import_pooch()
    cache = pooch.os_cache("softmax-from-first-principles") / "fashion-mnist"
    try:
        _download_fashion_mnist(cache)
    except (OSError, ValueError) as error:  # unreachable or unwritable; another checksum
        # Files that another tool packed have another MD5: what is in them is checked on reading.
        if not all((cache / name).exists() for name in _FASHION_DOWNLOADS):
            raise FileNotFoundError(_four_ways(own, cache, error)) from error
    return cache, f"Delete {cache}, to have the files downloaded again."


def _expanded(text):
    """Return what a shell would have made of the value of a variable: `~`, `$HOME`, quotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return os.path.expanduser(os.path.expandvars(text))


def _import_pooch():
    """Import pooch where it is needed: it loads tqdm.auto, which warns if ipywidgets is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pooch
    return pooch


def _download_fashion_mnist(cache):
    """Fetch what the cache lacks. A file takes its name there when it is whole and checked."""
    pooch = _import_pooch()
    files = pooch.create(path=cache, base_url=_FASHION_URL, registry=_FASHION_DOWNLOADS)
    with _quiet(pooch.get_logger()):
        for name in _FASHION_DOWNLOADS:
            files.fetch(name, downloader=pooch.HTTPDownloader(timeout=_DOWNLOAD_TIMEOUT))


@contextmanager
def _quiet(logger):
    """Silence a logger's informational messages, but not its warnings."""
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)


def _four_ways(own, cache, error):
    own_now = "now it is not set"
    if own:
        lacks = "has none of them" if os.path.isdir(own) else "is not a folder"
        own_now = f"now it stands for {own!r}, which {lacks}"
    names = ", ".join(_FASHION_DOWNLOADS)
    return (
        "Fashion-MNIST is not on this computer and cannot be downloaded now. There are four ways "
        f"to get its files, {names}:\n"
        f"1. Set SOFTMAX_DATA to a folder that holds them ({own_now}).\n"
        "2. On Debian or Ubuntu: apt-get install dataset-fashion-mnist, which puts them in "
        f"{_FASHION_DEBIAN_DIR}.\n"
        f"3. Copy them into {cache}, the cache of this package.\n"
        f"4. Connect to the network and try again: they come from {_FASHION_URL} (30 MB).\n"
        f"What went wrong with the download: {type(error).__name__}: {error}"
    )


def _place(source, own, remedy, loader):
    """Return the folder or address to read from, and what to do if a file there is wrong."""
    if source is None:
        if own.is_dir():
            return own, remedy
        raise FileNotFoundError(
            "This copy of softmax was built without its data. Pass a folder or an address that has "
            f"them, as in {loader}('https://…/') or {loader}('path/to/folder')."
        )
    if not isinstance(source, (str, os.PathLike)):
        raise TypeError(f"`source` must be a folder or an address, got {source!r}.")
    if isinstance(source, str) and urlsplit(source).scheme in ("http", "https", "file"):
        return source.rstrip("/"), _SOURCE_REMEDY
    return Path(source).expanduser(), _SOURCE_REMEDY


def _load_idx_dataset(place, sha256, remedy):
    """Read four gzipped IDX files named as MNIST's, and split off the validation set."""

    def read(name, n_dims):
        return _read(place, f"{name}.gz", remedy, lambda c: _parse_idx(c, n_dims, sha256[name]))

    X, y = _scaled(read("train-images-idx3-ubyte", 3)), read("train-labels-idx1-ubyte", 1)
    X_test, y_test = _scaled(read("t10k-images-idx3-ubyte", 3)), read("t10k-labels-idx1-ubyte", 1)
    y, y_test = y.astype(np.intp), y_test.astype(np.intp)
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


def _read(place, name, remedy, parse):
    """Return ``parse(content)`` of a gzipped file in a folder or at an address."""
    path = f"{place}/{name}" if isinstance(place, str) else place / name
    try:
        return parse(_decompress(_fetch(path) if isinstance(path, str) else _read_bytes(path)))
    except ValueError as error:
        raise OSError(f"{path} cannot be used: {error} {remedy}") from error


def _read_bytes(path):
    """Return the bytes of a file; a ValueError says why they cannot be had."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ValueError("found no such file, expected a gzip file.") from None
    except OSError as error:
        raise ValueError(f"expected a readable file, found {error.strerror!r}.") from error


def _fetch(url):
    """Return the bytes at an address; a ValueError says why they cannot be had."""
    import http.client  # both take a while
    import urllib.request

    try:
        if sys.platform == "emscripten":
            return _fetch_in_browser(url)
        with urllib.request.urlopen(url, timeout=_DOWNLOAD_TIMEOUT) as answer:
            return answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise ValueError(f"expected a file to fetch, found {error}.") from error


def _fetch_in_browser(url):
    """Return the bytes at an address. Python has no sockets there; the page's worker has this."""
    from js import XMLHttpRequest

    request = XMLHttpRequest.new()
    request.open("GET", url, False)  # not asynchronous, which only a worker may ask for
    request.responseType = "arraybuffer"
    request.send()
    if request.status != 200:
        raise OSError(f"HTTP status {request.status}")
    return request.response.to_bytes()


def _decompress(content):
    """Return the uncompressed bytes of a gzip file; a ValueError says what is wrong with it."""
    if content and content[:2] != b"\x1f\x8b":
        return content  # some servers send a gzip file as the file in it, and say so
    try:
        return gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"expected a complete gzip file, found a damaged one ({error})."
        ) from error


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
    # Zeros complete a header that is cut short; its length is then found to differ.
    shape = tuple(np.frombuffer(content[4:header_size].ljust(4 * n_dims, b"\0"), ">u4").tolist())
    expected_size = header_size + math.prod(shape)
    if len(content) != expected_size:
        raise ValueError(
            f"its header promises {expected_size} uncompressed bytes (shape {shape}), "
            f"found {len(content)}."
        )
    _check_sha256(content, sha256)
    return np.frombuffer(content, np.uint8, offset=header_size).reshape(shape)


def _check_sha256(content, sha256):
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(f"expected the SHA-256 {sha256} of its uncompressed bytes, found {found}.")
