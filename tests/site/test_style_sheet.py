"""The pages share one style sheet, without the rules that none of them can use."""

import re
from types import SimpleNamespace

import pytest
import tinycss2
from sphinx.testing.util import SphinxTestApp
from style_sheet import in_order, join_style_sheets, names, useful, whole

PAGE = '<p id="here" class="known other-word sd-!x">Words, and an unknown one.</p>'
SCRIPT = "element.className = `made-${kind}-auto`; toggle('from-script');"


def purged(css):
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    return re.sub(r"\s", "", "".join(useful(rules, names([PAGE], [SCRIPT]))))


@pytest.mark.parametrize(
    "css",
    [
        ".known{a:b}",
        "#here>p{a:b}",
        "p,a:hover,*{a:b}",
        ".made-by-auto{a:b}",  # by a script
        ".from-script.known::before{a:b}",
        r".sd-\!x{a:b}",
        ":not(.absent)p{a:b}",
        "[data-absent=x]p{a:b}",
        "@media(width>1px){.known{a:b}}",
        "@font-face{font-family:x;src:url(x.woff)}",
        "@keyframesabsent{from{a:b}}",
    ],
)
def test_rule_stays_where_something_may_need_it(css):
    spaced = css.replace("@keyframes", "@keyframes ").replace(")p{", ") p{")
    assert purged(spaced) == css


@pytest.mark.parametrize(
    ("css", "left"),
    [
        (".absent{a:b}", ""),
        ("#absent p{a:b}", ""),
        (".known .absent{a:b}", ""),
        (r".known\:absent{a:b}", ""),
        (".absent,.known{a:b}", ".known{a:b}"),
        ("@media print{.absent{a:b}}", ""),
        ("@media print{.absent{a:b}p{a:b}}", "@mediaprint{p{a:b}}"),
    ],
)
def test_rule_goes_where_nothing_can_need_it(css, left):
    assert purged(css) == left


def test_addresses_and_imports_are_those_of_the_new_place(tmp_path):
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles" / "theme.css").write_text('@import "../basic.css";\np{a:url("x.png")}')
    (tmp_path / "basic.css").write_text("a{b:url(y.png)}b{c:url(data:z)}")
    css = whole(tmp_path, "styles/theme.css")
    assert css == "a{b:url(y.png)}b{c:url(data:z)}\np{a:url(styles/x.png)}"


def test_order_is_that_of_each_page():
    assert in_order([("a", "d"), ("b", "c", "d"), ("a", "b", "d")]) == ["a", "b", "c", "d"]
    assert in_order([("b",), ("a", "b", "c"), ()]) == ["a", "b", "c"]
    assert in_order([("a", "d"), ("b", "c"), ("d", "b")]) == ["a", "d", "b", "c"]


@pytest.fixture
def build(tmp_path):
    """Return a function that builds a page with some style sheets, and returns the joint rules."""
    static = tmp_path / "_static"
    static.mkdir()
    (static / "a.css").write_text(".a{b:c}")
    (static / "b.css").write_text(".b{c:d}")

    def built(page, *sheets):
        links = "".join(f'<link rel="stylesheet" href="_static/{name}?v=1" />' for name in sheets)
        html = f'<head>{links}<script></script></head><p class="a b">'
        (tmp_path / page).write_text(html)
        join_style_sheets(
            SimpleNamespace(builder=SimpleNamespace(name="html"), outdir=tmp_path), None
        )
        return (static / "style.css").read_text().splitlines()[1:]

    return built


def test_renamed_style_sheet_leaves_nothing_behind(tmp_path, build):
    build("one.html", "a.css", "b.css")
    (tmp_path / "_static" / "c.css").write_text(".a{d:e}")
    assert build("one.html", "b.css", "c.css") == [".b{c:d}", ".a{d:e}"]
    found = {path.name for path in (tmp_path / "_static").iterdir()}
    assert found == {"b.css", "c.css", "style.css"}


def test_style_sheet_that_is_gone_is_not_missed(tmp_path, build):
    build("one.html", "a.css", "b.css")
    (tmp_path / "_static" / "a.css").unlink()
    assert build("two.html", "b.css") == [".b{c:d}"]


def test_later_build_keeps_what_the_pages_of_an_earlier_one_need(tmp_path, build):
    build("one.html", "a.css", "b.css")
    assert build("two.html", "b.css") == [".a{b:c}", ".b{c:d}"]
    heads = {page.read_text().partition("</head>")[0] for page in tmp_path.glob("*.html")}
    (head,) = heads  # both have the address of the new one
    assert re.fullmatch(
        r'<head><script></script>\n<link rel="stylesheet" href="_static/style\.css\?v=\w{8}" />\n',
        head,
    )


def test_each_page_has_one_style_sheet(site):
    for page in site.rglob("*.html"):
        if "_static" in page.parts or page == site / "index.html":
            continue
        links = re.findall(r"<link[^>]*stylesheet[^>]*>", page.read_text("utf-8"))
        assert len(links) == 1, page.name
        assert "_static/style.css?v=" in links[0], page.name


def test_style_sheet_has_the_rules_of_the_pages(site):
    css = (site / "_static" / "style.css").read_text("utf-8")
    for selector in (
        ".bd-article",
        ".highlight .k",
        ".sd-tab-set",
        "div.proof",
        ".bs-tooltip-auto",
    ):
        assert selector in css, selector
    assert ".fa-magnifying-glass" in css
    assert ".fa-address-book" not in css


def test_style_sheet_that_alone_has_changed_is_in_the_next_site(tmp_path):
    (tmp_path / "_static").mkdir()
    (tmp_path / "index.rst").write_text("Start\n=====\n", encoding="utf-8")
    (tmp_path / "conf.py").write_text(
        "extensions = ['style_sheet']\n"
        "html_static_path, html_css_files = ['_static'], ['book.css']\n",
        encoding="utf-8",
    )
    for color in ("teal", "plum"):
        (tmp_path / "_static" / "book.css").write_text(f"p {{color: {color}}}", encoding="utf-8")
        app = SphinxTestApp(srcdir=tmp_path)
        app.build()
        app.cleanup()
        assert color in (tmp_path / "_build/html/_static/style.css").read_text("utf-8")
