"""The word list is read as it was made, or not at all."""

import gzip
import shutil

import numpy as np
import pytest

import softmax as sm
from softmax import datasets


@pytest.fixture(scope="module")
def english():
    return sm.load_word_frequencies()


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the file, which is read instead of the package's own."""
    path = tmp_path / datasets._WORDS_FILE.name
    shutil.copy(datasets._WORDS_FILE, path)
    monkeypatch.setattr(datasets, "_WORDS_FILE", path)
    return path


def load_error(path):
    """Load, and return the message, which must name the file and the way out."""
    with pytest.raises(OSError, match="cannot be used") as caught:
        sm.load_word_frequencies()
    message = str(caught.value)
    assert str(path) in message
    assert "git checkout -- softmax/data/words" in message
    assert "pip install --force-reinstall ." in message
    return message


def test_words_and_counts(english):
    assert len(english.words) == len(set(english.words)) == 50_000
    assert (english.counts.shape, english.counts.dtype) == ((50_000,), np.intp)
    assert all(isinstance(word, str) for word in english.words)
    assert set("".join(english.words)) <= set("abcdefghijklmnopqrstuvwxyz'")
    assert english.words[:8] == ["the", "to", "and", "of", "a", "in", "i", "is"]


def test_most_common_first_and_all_positive(english):
    assert np.all(np.diff(english.counts) <= 0)
    assert english.counts[-1] > 0
    # Shares of the 50,000 in all text: below one, since rarer words and numbers are left out.
    assert 0.94e9 < english.counts.sum() < 0.96e9


def test_counts_are_the_published_frequencies(english):
    # wordfreq states 10 ** (-c / 100) with a whole number c; "the" has c = 127, "duck" c = 479.
    by_word = dict(zip(english.words, english.counts.tolist(), strict=True))
    assert by_word["the"] == round(1e9 * 10**-1.27)
    assert by_word["duck"] == round(1e9 * 10**-4.79)
    centibels = -100 * np.log10(english.counts / 1e9)
    assert np.abs(centibels - centibels.round()).max() < 0.1


def test_the_caller_may_change_what_it_got(english):
    own = sm.load_word_frequencies()
    own.counts[0], own.words[0] = 0, "changed"
    again = sm.load_word_frequencies()
    assert (again.words[0], again.counts[0]) == ("the", english.counts[0])


def test_missing_file(copy):
    copy.unlink()
    assert "found no such file" in load_error(copy)


def test_truncated_file(copy):
    copy.write_bytes(copy.read_bytes()[:1000])
    assert "damaged" in load_error(copy)


def test_altered_content(copy):
    content = gzip.decompress(copy.read_bytes()).replace(b"the\t5", b"the\t6", 1)
    copy.write_bytes(gzip.compress(content))
    assert datasets._WORDS_SHA256 in load_error(copy)


def test_compressed_anew_is_the_same_data(copy, english):
    copy.write_bytes(gzip.compress(gzip.decompress(copy.read_bytes()), compresslevel=1))
    assert sm.load_word_frequencies().words == english.words


def test_license_note_states_the_checksum():
    note = datasets._WORDS_FILE.with_name("LICENSE.md").read_text(encoding="utf-8")
    for needed in (datasets._WORDS_SHA256, "CC BY-SA 4.0", "Robyn Speer", "SUBTLEX"):
        assert needed in note
