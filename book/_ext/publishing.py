"""What a published site needs to know: its own address, and that of its repository.

The variables BOOK_URL and BOOK_REPOSITORY of the environment say both, as in the workflow that
publishes the book; without them `html: baseurl` and `repository: url` in `_config.yml` do.

With its address, each page says where it lives (the social cards and links of OpenGraph, the
canonical link), a ``sitemap.xml`` is written, and the page for a wrong address finds its style from
any depth. Without it, the site works from any folder, and the sitemap, which must hold whole
addresses, is left out.

With a repository on GitHub, each page leads to its source. A chapter leads to Colab, with its
notebook on the branch ``notebooks``, to Binder, with its Markdown, and to Codespaces, with the
whole book.
"""

import os
from urllib.parse import quote, urlsplit

from sphinx.errors import ExtensionError

NOT_FOUND = """
<h1>There is no such page</h1>
<p>The address may have a typing error, or the page may have been renamed.
Search for what you were looking for, or start from the
<a href="{prefix}index.html">first page of the book</a>.</p>
"""


def address(variable, option, configured, example):
    """Return an address without a slash at its end, or an empty string if none is given."""
    given = os.environ.get(variable) or configured or ""
    parts = urlsplit(given)
    if given and not (parts.scheme in ("http", "https") and parts.netloc):
        raise ExtensionError(
            f"{variable}, or `{option}` in _config.yml, must be an address such as {example}, "
            f"got {given!r}."
        )
    return given.rstrip("/")


def name_repository(app, config):
    """Tell the theme, and the extensions that ask it, where the repository is."""
    options = config.html_theme_options
    given, example = options.get("repository_url"), "https://github.com/owner/name"
    repository = address("BOOK_REPOSITORY", "repository: url", given, example)
    options["repository_url"] = repository.removesuffix(".git")


def link(label, text, icon, url, tooltip):
    """Return a button of the header that is a link."""
    return {
        "type": "link", "label": label, "text": text, "icon": f"fas fa-{icon}", "url": url,
        "tooltip": tooltip,
    }  # fmt: skip


def group(label, tooltip, icon, buttons):
    """Return a button of the header that opens a menu of others."""
    return {
        "type": "group", "label": label, "tooltip": tooltip, "icon": f"fas fa-{icon}",
        "buttons": buttons,
    }  # fmt: skip


def ways_to_run(repository, page):
    """Return the buttons that open a chapter where it can be run."""
    name = urlsplit(repository).path.strip("/")
    notebook = quote(f"{page.removeprefix('book/')}.ipynb")
    chapter = quote(f"lab/tree/{page}.md", safe="")
    colab = f"https://colab.research.google.com/github/{name}/blob/notebooks/{notebook}"
    binder = f"https://mybinder.org/v2/gh/{name}/HEAD?urlpath={chapter}"
    codespaces = f"https://codespaces.new/{name}"
    return [
        link("colab-button", "Colab", "play", colab, "Run this page in Google Colab"),
        link("binder-button", "Binder", "flask", binder, "Run this page on mybinder.org"),
        link("codespaces-button", "Codespaces", "laptop-code", codespaces,
             "Open the book in an editor in the browser"),
    ]  # fmt: skip


def ways_to_help(repository, branch, page):
    """Return the buttons that lead to the source of a page."""
    edit = f"{repository}/edit/{branch}/{page}.md"
    report = f"{repository}/issues/new?title={quote(f'Error on the page {page}')}"
    return [
        link("repository-button", "Repository", "code-branch", repository, "See the repository"),
        link("edit-button", "Suggest an edit", "pencil-alt", edit, "Change the text of this page"),
        link("issue-button", "Report an error", "lightbulb", report, "Open an issue"),
    ]


def add_buttons(app, pagename, templatename, context, doctree):
    """Add the menus of a page that lead to its repository."""
    options = app.config.html_theme_options
    repository = options["repository_url"]
    if urlsplit(repository).hostname != "github.com" or pagename not in app.env.found_docs:
        return
    settings = app.env.metadata[pagename]
    if "kernelspec" in settings and "notebook" not in settings.get("softmax", ""):
        run = ways_to_run(repository, pagename)
        context["header_buttons"].insert(0, group("launch-buttons", "Run this page", "rocket", run))
    help_out = ways_to_help(repository, options.get("repository_branch") or "main", pagename)
    if "notebook" in settings.get("softmax", ""):  # a page that is made from a master
        help_out = [button for button in help_out if button["label"] != "edit-button"]
    context["header_buttons"].append(
        group("source-buttons", "Source of this page", "code-branch", help_out)
    )


def setup(app):
    """Set the extensions that depend on the address, and load them."""
    example = "https://example.org/softmax/"
    base = address("BOOK_URL", "html: baseurl", app.config.html_baseurl, example)
    app.config.html_baseurl = f"{base}/" if base else ""
    prefix = urlsplit(base).path + "/"

    app.setup_extension("notfound.extension")
    app.config.notfound_urls_prefix = prefix
    app.config.notfound_context = {
        "title": "There is no such page",
        "body": NOT_FOUND.format(prefix=prefix),
    }

    app.setup_extension("sphinxext.opengraph")
    app.config.ogp_site_url = app.config.html_baseurl or "/"
    app.config.ogp_site_name = app.config.html_title
    app.config.ogp_social_cards = {
        "line_color": "#0072B2",
        "image_mini": "book/_static/card-mini.png",  # the favicon: the cards take no SVG
    }

    if base:
        app.setup_extension("sphinx_sitemap")
        app.config.sitemap_url_scheme = "{link}"
    app.connect("config-inited", name_repository)
    # The theme fills its menus at priority 501.
    app.connect("html-page-context", add_buttons, priority=503)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
