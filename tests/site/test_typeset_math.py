"""Formulas are typeset when the site is built: whole without a script, readable, in small fonts."""

import re
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from fontTools.ttLib import TTFont
from typeset_math import FONTS, MATHJAX, STYLES, html_of, logger, typesetter

from tests.site.test_site import PAGES, SITE, soup

LONG = r"\log p_i = z_i - \log \sum_j e^{z_j} = (z_i - m) - \log \sum_j e^{z_j - m}"


def parse(tex, display=False):
    return BeautifulSoup(typesetter().typeset(tex, display), "html.parser")


def writer_of(*formulas):
    """Return the writer of a page with these formulas, as far as they ask it."""
    page = new_document("page")
    page += formulas
    return SimpleNamespace(document=page)


def test_formula_is_html_with_mathml():
    formula = parse(r"\frac{a}{b}")
    assert formula.select_one("mjx-math mjx-mfrac")
    assert formula.select_one("math mfrac").text == "ab"
    assert not formula.select("[tabindex]")


def test_only_long_formulas_in_a_line_of_text_may_break():
    assert len(parse(LONG).select("mjx-break")) == 5
    assert not parse(LONG, display=True).select("mjx-break")
    assert not parse("p_1 + p_2 + p_3 = 1").select("mjx-break")


def test_formula_does_not_end_with_a_break():
    assert parse("a + b + c + d + e + f + g + h + i + j + k =").select("mjx-break")[-1].next_sibling


@pytest.mark.parametrize(("tex", "message"), [(r"\frac{a", "brace"), (r"\sofmax(z)", r"\sofmax")])
def test_bad_formula_is_a_warning_and_shown_as_it_was_typed(monkeypatch, tex, message):
    warnings = []
    monkeypatch.setattr(logger, "warning", lambda text, *parts, **place: warnings.append(parts))
    node = nodes.math("", tex)
    assert html_of(writer_of(node), node) == f"<code>{tex}</code>"
    ((error, shown),) = warnings
    assert message in error
    assert shown == tex


def test_formulas_of_a_page_are_typeset_at_once(monkeypatch):
    together, calls = type(typesetter()).attempt_all, []
    monkeypatch.setattr(typesetter(), "attempt_all", lambda formulas: (
        calls.append(formulas) or together(typesetter(), formulas)))  # fmt: skip
    formulas = [nodes.math("", "a"), nodes.math_block("", "b", nowrap=True), nodes.math("", "a")]
    writer = writer_of(*formulas)
    written = [html_of(writer, formula) for formula in formulas]
    assert calls == [[("a", False), ("b", True)]]
    assert written[0] == written[2] == typesetter().typeset("a")
    assert written[1] == typesetter().typeset("b", display=True)


def test_style_sheet_has_the_characters_since_the_last():
    typesetter().style_sheet()
    typesetter().typeset(r"\alpha")
    alone = typesetter().style_sheet()
    typesetter().typeset(r"\beta")
    assert "mjx-c1D6FC" in alone
    assert "mjx-c1D6FC" not in typesetter().style_sheet()


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("page", PAGES)
def test_page_draws_its_formulas_without_a_script(page):
    assert not [tag for tag in soup(page).find_all("script") if "mathjax" in str(tag).lower()]
    formulas = soup(page).select("span.math, div.math")
    for formula in formulas:
        assert formula.select_one("mjx-container > mjx-math"), formula.get_text()
        assert formula.select_one("mjx-container math"), formula.get_text()
    sheet = "".join(STYLES.findall((SITE / page).read_text(encoding="utf-8")))
    used = {
        name
        for part in soup(page).select("mjx-c")
        for name in part.get("class", [])
        if name.startswith("mjx-c")
    }
    assert not {name for name in used if not re.search(rf"\.{name}\b", sheet)}


@pytest.mark.usefixtures("site")
def test_fonts_have_every_character_that_is_drawn():
    fonts = {path.name: TTFont(path) for path in (SITE / "_static" / "mathjax").glob("*.woff")}
    everywhere = {code for font in fonts.values() for code in font.getBestCmap() or ()}
    for page in PAGES:
        for sheet in STYLES.findall((SITE / page).read_text(encoding="utf-8")):
            assert set(re.findall(r"/([\w-]+\.woff)", sheet)) <= fonts.keys()
            signs = re.findall(r'content:"(?:\\([0-9A-F]+)|([^"]))', sheet)
            drawn = {int(code, 16) if code else ord(sign) for code, sign in signs}
            assert drawn <= everywhere, [chr(code) for code in drawn - everywhere]
    assert sum((SITE / "_static" / "mathjax" / name).stat().st_size for name in fonts) < 250_000


@pytest.mark.usefixtures("site")
def test_fonts_do_not_hold_the_time_at_which_they_were_made():
    static = SITE / "_static"
    sources = {static / "icons.woff": static / "vendor/fontawesome/webfonts/fa-solid-900.ttf"}
    for path in (MATHJAX / FONTS).glob("*.woff"):
        sources[static / "mathjax" / path.name] = path
    assert len(sources) > 10
    for made, source in sources.items():
        assert TTFont(made)["head"].modified == TTFont(source)["head"].modified, made.name
