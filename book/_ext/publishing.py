"""What a published site needs to know its own address for.

`html: baseurl` in `_config.yml` is the one place for the address. With it, each page says where
it lives (the social cards and links of OpenGraph, the canonical link), a ``sitemap.xml`` is
written, and the page for a wrong address finds its style from any depth. Without it, the site
works from any folder, and the sitemap, which must hold whole addresses, is left out.
"""

from urllib.parse import urlsplit

NOT_FOUND = """
<h1>There is no such page</h1>
<p>The address may have a typing error, or the page may have been renamed.
Search for what you were looking for with the field in the sidebar, or start from the
<a href="{prefix}index.html">first page of the book</a>.</p>
"""


def setup(app):
    """Set the extensions that depend on the address, and load them."""
    address = app.config.html_baseurl
    prefix = urlsplit(address).path.rstrip("/") + "/"

    app.setup_extension("notfound.extension")
    app.config.notfound_urls_prefix = prefix
    app.config.notfound_context = {
        "title": "There is no such page",
        "body": NOT_FOUND.format(prefix=prefix),
    }

    app.setup_extension("sphinxext.opengraph")
    app.config.ogp_site_url = address or "/"
    app.config.ogp_site_name = app.config.html_title
    app.config.ogp_social_cards = {
        "line_color": "#0072B2",
        "image_mini": "book/_static/card-mini.png",  # the favicon: the cards take no SVG
    }

    if address:
        app.setup_extension("sphinx_sitemap")
        app.config.sitemap_url_scheme = "{link}"
    return {"parallel_read_safe": True, "parallel_write_safe": True}
