"""No chapter leans on a word or a function that only a later one explains."""

import re

import pytest
from chapter_map import needed_chapters

from tests.book.test_form import CHAPTERS, PAGES, WRITTEN, prose, role_targets
from tools.references import read_chapter

USED = re.compile(r"\bsm\.([a-z]\w*)")


def needs(name):
    """Return the chapters that a chapter's box says are needed."""
    return needed_chapters(prose(CHAPTERS[name])) & CHAPTERS.keys()


def known(name):
    """Return a chapter with all that it needs, and what these need."""
    return {name}.union(*(known(need) for need in needs(name)))


def glossary():
    """Return the chapters that explain each term, by the term in small letters."""
    text = prose(WRITTEN["book/notation"]).partition("{glossary}")[2]
    entries = re.findall(r"^(\S.*(?:\n\S.*)*)\n  (.*)$", text, flags=re.MULTILINE)
    return {
        term.strip().lower(): role_targets(explanation, "doc")
        for terms, explanation in entries
        for term in terms.split("\n")
    }


GLOSSARY = glossary()


def test_chapters_need_earlier_ones_only():
    order = [page.rpartition("/")[2] for page in PAGES]
    for name in CHAPTERS:
        later = {need for need in needs(name) if order.index(need) > order.index(name)}
        assert not later, f"{name} says that it needs {later}, which come after it."


@pytest.mark.parametrize("name", CHAPTERS)
def test_terms_are_explained_here_or_in_a_chapter_that_is_needed(name):
    explained = known(name)
    for role in re.findall(r"\{term\}`([^`]+)`", prose(CHAPTERS[name])):
        term = re.sub(r"^.*<(.+)>$", r"\1", " ".join(role.split())).lower()
        assert GLOSSARY[term] & explained, (
            f"{name} uses “{term}”, which {sorted(GLOSSARY[term])} explain; "
            f"{name} needs {sorted(explained - {name})}."
        )


@pytest.mark.parametrize("name", CHAPTERS)
def test_terms_in_bold_are_linked_to_the_glossary(name):
    text = prose(CHAPTERS[name])
    linked = " ".join(re.findall(r"\{term\}`([^`]+)`", text)).lower()
    bold = {term.lower() for term in re.findall(r"\*\*([^*\n]+)\*\*", text)}
    assert not {term for term in bold & GLOSSARY.keys() if term not in linked}


@pytest.mark.parametrize("name", CHAPTERS)
def test_functions_are_named_here_or_in_a_chapter_that_is_needed(name):
    text = "\n".join(prose(CHAPTERS[chapter]) for chapter in known(name))
    named = {word.partition("(")[0].rpartition(".")[2] for word in re.findall(r"`([^`\n]+)`", text)}
    shown = [
        cell.source
        for cell in read_chapter(CHAPTERS[name]).cells
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
    ]
    used = set(USED.findall("\n".join(shown))) - {"live", "plotting"}
    assert used <= named, f"{name} calls {used - named}, which no sentence before has named."
