"""Pages carry what they use: the scripts of absent features go, those of present ones stay."""

import io
import re
from base64 import b64encode
from types import SimpleNamespace

import numpy as np
import pytest
import small_pictures
from lean_pages import lean, make_pictures_small, write_pictures
from PIL import Image
from small_pictures import IN_NOTEBOOKS, ON_PAGES, shrink_png, with_palette

HEAD = """<head>
<link rel="stylesheet" href="_static/book.css" />
<link rel="stylesheet" href="_static/sphinx-design.min.css" />
<script defer src="_static/scripts/fontawesome.js?digest=1"></script>
<script src="_static/design-tabs.js"></script>
<script>let toggleHintShow = 'Click to show';</script>
<script src="_static/togglebutton.js"></script>
<script src="_static/clipboard.min.js"></script>
<script>const THEBE_JS_URL = "https://example.org/thebe.js"</script>
<script src="_static/sphinx-thebe.js"></script>
</head>
<main>{}</main>"""
FEATURES = {
    "design-tabs.js": '<div class="sd-tab-set docutils">tabs</div>',
    "sphinx-design.min.css": '<div class="sd-card">a card</div>',
    "togglebutton.js": '<div class="solution dropdown admonition">a solution</div>',
    "toggleHintShow": '<div class="cell tag_hide-input toggle">code</div>',
    "clipboard.min.js": '<div class="highlight"><pre>code</pre></div>',
}


@pytest.mark.parametrize("tag", FEATURES)
def test_page_keeps_what_it_uses(tmp_path, tag):
    assert tag in lean(HEAD.replace("{}", FEATURES[tag]), tmp_path)
    assert tag not in lean(HEAD.replace("{}", "Words."), tmp_path)


def test_page_without_a_main_part_loses_nothing_that_it_may_use(tmp_path):
    page = HEAD.replace("<main>{}</main>", FEATURES["design-tabs.js"])
    assert "design-tabs.js" in lean(page, tmp_path)


def test_no_page_keeps_what_none_uses(tmp_path):
    page = lean(HEAD.replace("{}", "".join(FEATURES.values())), tmp_path)
    assert "fontawesome.js" not in page
    assert "thebe" not in page.lower()
    assert "book.css" in page


def test_script_of_a_figure_stays_whatever_it_says(tmp_path):
    figure = '<script type="module">' + "// kernelName = \n" * 200 + "</script>"
    assert figure in lean(HEAD.replace("{}", figure), tmp_path)


def test_links_of_solutions_begin_with_a_letter(tmp_path):
    page = lean('<p>Solution to<a href="#ex"> Exercise 1</a></p>', tmp_path)
    assert page == '<p>Solution to <a href="#ex">Exercise 1</a></p>'


def test_pictures_have_their_size(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    page = lean('<main><img alt="A." src="a.png" /><img src="missing.png" /></main>', tmp_path)
    assert '<img width="30" height="20" loading="lazy" alt="A." src="a.png" />' in page
    assert '<img src="missing.png" />' in page


def test_pictures_in_a_page_become_files(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    page = tmp_path / "book" / "page.html"
    data = f'<img src="data:image/png;base64,{b64encode(content).decode()}" alt="A.">'
    text = write_pictures(data, page, tmp_path)
    address = re.fullmatch(r'<img src="\.\./(_images/\w{40}\.png)" alt="A\.">', text)[1]
    assert (tmp_path / address).read_bytes() == content
    assert 'width="30" height="20" loading="lazy"' in lean(text, page.parent)


def test_large_pictures_get_a_palette_and_small_ones_stay(tmp_path):
    folder = tmp_path / "_images"
    folder.mkdir()
    smooth = np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 256, 3))
    noise = np.random.default_rng(0).integers(-3, 4, size=(256, 256, 3))
    for name, pixels in [("small", smooth), ("large", np.clip(smooth + noise, 0, 255))]:
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{name}.png")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    app = SimpleNamespace(builder=SimpleNamespace(name="html"), outdir=tmp_path)
    make_pictures_small(app, None)
    assert (folder / "small.png").read_bytes() == before["small.png"]
    assert len((folder / "large.png").read_bytes()) < len(before["large.png"]) / 2
    with Image.open(folder / "large.png") as picture:
        shown = np.asarray(picture.convert("RGB")).astype(int)
    assert np.abs(shown - smooth).mean() < 4


def test_pictures_of_a_page_are_made_small_while_others_are_read(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, size=(200, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    picture = (tmp_path / "large.png").read_bytes()
    images = {"large.png": ({"read"}, "large.png"), "later.png": ({"later"}, "later.png")}
    env = SimpleNamespace(docname="read", images=images)
    builder, connected = SimpleNamespace(name="html"), []
    app = SimpleNamespace(builder=builder, env=env, srcdir=tmp_path)
    app.connect = lambda event, *_, **options: connected.append(event)
    small_pictures.start(app)
    assert connected == ["doctree-read", "write-started", "build-finished"]
    small_pictures.begin(app, None)
    finished = [task.result() for task in app.picture_tasks.values()]
    small_pictures.finish(app)
    assert shrink_png(picture, ON_PAGES) is finished[1]
    assert shrink_png(picture) is finished[0]
    assert finished == [with_palette(picture, colors) for colors in (IN_NOTEBOOKS, ON_PAGES)]


def test_what_is_transparent_becomes_white():
    buffer = io.BytesIO()
    Image.new("RGBA", (2, 2)).save(buffer, "PNG")
    with Image.open(io.BytesIO(with_palette(buffer.getvalue(), 64))) as picture:
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_scripts_of_the_head_do_not_hold_up_the_text(site):
    for page in (site / "book").glob("*.html"):
        head = page.read_text("utf-8").partition("</head>")[0]
        scripts = re.findall(r"<script[^>]*\bsrc=[^>]*>", head)
        assert scripts
        assert not [script for script in scripts if " defer" not in script], page.name
        assert "const DOCUMENTATION_OPTIONS" in head


def test_bar_that_opens_code_is_named_by_its_words(site):
    pages = [page.read_text("utf-8") for page in site.glob("book/*.html")]
    assert any("<summary>" in page for page in pages)
    assert not any("Toggle hidden content" in page for page in pages)


def test_lean_page_does_not_change_again(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    once = lean(HEAD.replace("{}", '<img src="a.png" />'), tmp_path)
    assert lean(once, tmp_path) == once


def test_pages_of_the_book_are_lean(site):
    for page in sorted(site.glob("book/**/*.html")):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"fontawesome\.js|thebe|unpkg", text, re.IGNORECASE), page.name
