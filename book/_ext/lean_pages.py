"""Send a reader what a page uses, and no more.

The theme and the extensions put their scripts and styles on every page. Here those that a page
has no use for are taken out again, after the build: the icons' script (half a megabyte; the
style sheet draws the same icons from a font), Thebe (there is no kernel behind a static page),
and, page by page, what belongs to tabs, dropdowns, code or the search that the page has not.
Scripts of the head run once the page is read, so that its text is seen before them.
Pictures that are in a page, such as those of live figures, become files. Pictures get their size,
so that the text does not jump, and load when they come near; large ones get a palette. The icons
that the site shows become a small font of their own, which book.css puts before the large one.
"""

import hashlib
import re
from base64 import b64decode
from functools import cache
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from PIL import Image
from small_pictures import ON_PAGES, shrink_png

# What identifies the tags of a feature -> what a page that uses the feature holds.
# A tag is a whole <script>…</script> or <link …> that matches.
FEATURES = {
    r"scripts/fontawesome\.js": None,
    r"sphinx-thebe\.|THEBE_JS_URL|text/x-thebe-config|kernelName =": None,
    r"design-tabs\.js": "sd-tab-set",
    r"sphinx-design\.min\.css": 'class="[^"]*sd-',
    r"togglebutton\.(?:js|css)|togglebuttonSelector|toggleHint|toggleOpenOnPrint": (
        'class="[^"]*(?:dropdown|toggle)[" ]'
    ),
    r"clipboard\.min\.js|copybutton\.(?:js|css)": 'class="highlight"',
    r"searchtools\.js|language_data\.js|searchindex\.js": None,  # see section_search.py
}
TAG = re.compile(r"[ \t]*<script\b[^>]*>.*?</script>\n?|[ \t]*<link\b[^>]*>\n?", re.DOTALL)
# Scripts in the page set DOCUMENTATION_OPTIONS, whose own short script therefore comes first.
OPTIONS = re.compile(r'<script src="(?P<source>[^"?]*/documentation_options\.js)[^"]*"></script>')
# Scripts of the head that wait for the document anyway, so that none needs to hold up the text.
WAITING = re.compile(
    r"<script(?= [^>]*src=\"[^\"]*/(?:doctools|sphinx_highlight|clipboard\.min|copybutton"
    r"|togglebutton|design-tabs|sphinx-book-theme)\.js)(?![^>]* defer)"
)
# Docutils' roles of references: ARIA has given up the one, and the other wants its items only.
CITATION_ROLES = re.compile(r' role="doc-biblioentry"|(?<=<div) role="list"(?= class="citation-)')
# sphinx_exercise puts the space between "Solution to" and the exercise into the link.
SOLUTION = re.compile(r"(?<=Solution to)(<a [^>]*>) ")
DATA = re.compile(r'(?<=<img src=")data:image/png;base64,(?P<content>[^"]+)')
PICTURE = re.compile(r'<img\b[^>]*\bsrc="(?P<source>[^":]+\.png)"[^>]*>')


def unused(text):
    """Return a pattern for the tags that a page has no use for."""
    body = text[max(text.find("<main"), 0) :]  # the head names every feature
    return re.compile(
        "|".join(
            tags for tags, sign in FEATURES.items() if sign is None or not re.search(sign, body)
        )
    )


@cache
def size(path):
    """Return the width and the height of a picture, in pixels."""
    with Image.open(path) as picture:
        return picture.size


def lean(text, folder):
    """Return a page without the tags that it does not use, its pictures with their sizes."""
    pattern = unused(text)

    def kept(match):
        opening = match[0].split(">")[0]
        inline = match[0] if "src=" not in opening else opening
        # A figure's own script may hold any word; only short ones are the theme's.
        return "" if len(inline) < 3000 and pattern.search(inline) else match[0]

    def sized(match):
        path = (folder / match["source"]).resolve()
        if "width=" in match[0] or not path.exists():
            return match[0]
        width, height = size(path)
        return match[0].replace("<img", f'<img width="{width}" height="{height}" loading="lazy"', 1)

    def within(match):
        path = folder / match["source"]
        return f"<script>{path.read_text('utf-8')}</script>" if path.exists() else match[0]

    # The theme takes "" for no mode chosen, and then complains of it in the console.
    text = text.replace('getItem("mode") || ""', 'getItem("mode") || "auto"')
    text = OPTIONS.sub(within, text)
    text = CITATION_ROLES.sub("", text)
    text = SOLUTION.sub(r" \1", text)
    # A bar that opens code says what it does; MyST-NB gives it another name besides.
    text = text.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    return PICTURE.sub(sized, WAITING.sub('<script defer="defer"', TAG.sub(kept, text)))


def write_pictures(text, page, site):
    """Return a page whose pictures are files of the site. They are named for what they show."""

    def written(match):
        content = b64decode(match["content"])
        name = f"_images/{hashlib.sha256(content).hexdigest()[:40]}.png"
        (site / "_images").mkdir(exist_ok=True)
        (site / name).write_bytes(content)
        return "../" * (len(page.relative_to(site).parts) - 1) + name

    return DATA.sub(written, text)


def make_lean(app, exception):
    """Write every page of the site again, lean."""
    if exception or app.builder.name != "html":
        return
    for page in app.outdir.rglob("*.html"):
        if "_static" in page.relative_to(app.outdir).parts:
            continue
        text = page.read_text(encoding="utf-8")
        slim = lean(write_pictures(text, page, Path(app.outdir)), page.parent)
        if slim != text:
            page.write_text(slim, encoding="utf-8")


def make_pictures_small(app, exception):
    """Give each large picture of the site a palette."""
    if exception or app.builder.name != "html":
        return
    for path in Path(app.outdir, "_images").glob("*.png"):
        picture = path.read_bytes()
        small = shrink_png(picture, ON_PAGES)
        if len(small) < len(picture):
            path.write_bytes(small)


def icons(site):
    """Return the names of the icons on the pages, and the characters that the style sheets draw."""
    icon = re.compile(r"\bfa-([a-z0-9-]+)")
    pages = [page.read_text("utf-8") for page in site.rglob("*.html")]
    styles = [sheet.read_text("utf-8") for sheet in (site / "_static" / "styles").glob("*.css")]
    drawn = re.findall(r'--pst-icon-[a-z-]+:\s*"\\?([^"]+)"', "".join(styles))
    names = {name for page in pages for name in icon.findall(page)}
    return names, {ord(sign) if len(sign) == 1 else int(sign, 16) for sign in drawn}


def write_icon_font(app, exception):
    """Write the font of the icons that the site shows, a hundredth of the whole."""
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    path = static / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.ttf"
    font = TTFont(path, recalcTimestamp=False)  # the same site from the same text
    names, characters = icons(Path(app.outdir))
    subsetter = Subsetter(Options(flavor="woff", drop_tables=["GSUB", "FFTM"]))
    subsetter.populate(glyphs=names & set(font.getGlyphOrder()), unicodes=characters)
    subsetter.subset(font)
    font.flavor = "woff"
    font.save(static / "icons.woff")


def setup(app):
    """Register with Sphinx, after all that writes pages."""
    app.connect("build-finished", write_icon_font, priority=800)
    app.connect("build-finished", make_pictures_small, priority=850)
    app.connect("build-finished", make_lean, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
