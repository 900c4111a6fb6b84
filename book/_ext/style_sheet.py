"""Give the pages one style sheet, with the rules that some page can use.

The theme and the extensions bring a dozen style sheets of 550 kB, four fifths of them for icons
and parts that the book has not. Here they become one, in their order, after the build. A rule goes
if it asks for a class or an identifier that is in no page and in no script of the site; a name that
a script puts together, such as `bs-${kind}-auto`, is known by its beginning.
"""

import hashlib
import posixpath
import re
from graphlib import TopologicalSorter
from pathlib import Path

import tinycss2

NAME = "style.css"
LINK = re.compile(
    r'[ \t]*<link\b(?=[^>]*rel="stylesheet")[^>]*href="(?P<root>[^":]*?)_static/(?P<path>[^"?]+)'
    r'[^"]*"[^>]*>\n?'
)
IMPORT = re.compile(r'@import\s+"(?P<path>[^"]+)";')
ADDRESS = re.compile(r"""url\((["']?)(?!data:|#)(?P<path>[^"')]+)\1\)""")
WORD = re.compile(r"[\w-]+")
BEGINNING = re.compile(r"""([A-Za-z][\w-]*-)(?=\$\{|["'`])""")
HOLDS_RULES = {"media", "supports", "layer", "container"}


def whole(static, path):
    """Return the text of a style sheet with what it imports, its addresses as from `static`."""
    folder = posixpath.dirname(path)

    def moved(match):
        return f"url({posixpath.normpath(posixpath.join(folder, match['path']))})"

    def imported(match):
        return whole(static, posixpath.normpath(posixpath.join(folder, match["path"])))

    text = (static / path).read_text(encoding="utf-8").replace('@charset "UTF-8";', "")
    return IMPORT.sub(imported, ADDRESS.sub(moved, text))


def needed(selector):
    """Return the classes and identifiers without which a selector finds nothing."""
    for before, token in zip([None, *selector], selector, strict=False):
        if token.type == "hash" or (token.type == "ident" and before == "."):
            yield token.value


def selectors(prelude):
    """Split the tokens before a rule's block at its commas."""
    found = [[]]
    for token in prelude:
        if token == ",":
            found.append([])
        else:
            found[-1].append(token)
    return found


def useful(rules, known):
    """Yield, as text, the rules that may find something; `known` says which names there are."""
    for rule in rules:
        if rule.type == "qualified-rule":
            kept = [one for one in selectors(rule.prelude) if all(map(known, needed(one)))]
            if kept:
                prelude = ",".join(tinycss2.serialize(one).strip() for one in kept)
                yield f"{prelude}{{{tinycss2.serialize(rule.content).strip()}}}\n"
        elif rule.type == "at-rule" and rule.content and rule.lower_at_keyword in HOLDS_RULES:
            inner = tinycss2.parse_rule_list(rule.content, True, True)
            if block := "".join(useful(inner, known)):
                head = f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude).rstrip()}"
                yield f"{head}{{\n{block}}}\n"
        else:
            yield f"{rule.serialize()}\n"


def names(texts, scripts):
    """Return a function that says whether a name may be that of an element."""
    words = {word for text in [*texts, *scripts] for word in WORD.findall(text)}
    beginnings = tuple({start for text in scripts for start in BEGINNING.findall(text)})

    def may_be(name):  # `a:b` in a page is two words
        parts = WORD.findall(name)
        return all(part in words or part.startswith(beginnings) for part in parts)

    return may_be


def in_order(lists):
    """Return what the lists hold, in an order that is that of each of them."""
    sorter = TopologicalSorter()
    for items in sorted(lists):
        for place, item in enumerate(items):
            sorter.add(item, *items[:place])
    return list(sorter.static_order())


def join_style_sheets(app, exception):
    """Write the style sheet, and have each page use it."""
    if exception or app.builder.name != "html":
        return
    static = Path(app.outdir, "_static")
    pages = [page for page in Path(app.outdir).rglob("*.html") if static not in page.parents]
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    lists = {tuple(link["path"] for link in LINK.finditer(text)) for text in texts.values()}
    former = []
    if (static / NAME).exists():
        first_line = (static / NAME).read_text(encoding="utf-8").partition("\n")[0]
        former = [path for path in first_line.split()[1:-1] if (static / path).exists()]
    if (NAME,) in lists:  # pages of an earlier build stay, without their own links
        lists.add(tuple(former))
    paths = in_order(lists - {(NAME,)})
    for path in set(former) - set(paths):  # Sphinx leaves what has another name now
        (static / path).unlink()
    scripts = [
        script.read_text(encoding="utf-8")
        for script in static.rglob("*.*js")
        if script.name != "fontawesome.js"
    ]
    rules = tinycss2.parse_stylesheet("\n".join(whole(static, path) for path in paths), True, True)
    sheet = f"/* {' '.join(paths)} */\n" + "".join(useful(rules, names(texts.values(), scripts)))
    (static / NAME).write_text(sheet, encoding="utf-8")
    version = hashlib.sha256(sheet.encode()).hexdigest()[:8]

    for page, text in texts.items():
        links = list(LINK.finditer(text))
        if links:
            address = f"{links[0]['root']}_static/{NAME}?v={version}"
            # Last in the head, so that no script there waits for it.
            head, end, body = LINK.sub("", text).partition("</head>")
            link = f'<link rel="stylesheet" href="{address}" />\n'
            page.write_text(f"{head.rstrip()}\n{link}{end}{body}", encoding="utf-8")


def build_start_page(app, env, added, changed, removed):
    """Build a page always: where none has changed, Sphinx copies no style sheets and scripts."""
    return [app.config.root_doc]


def setup(app):
    """Register with Sphinx, after what takes from pages what they do not use."""
    app.connect("env-get-outdated", build_start_page)
    app.connect("build-finished", join_style_sheets, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
