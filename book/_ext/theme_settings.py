"""Settings of the theme that `_config.yml` cannot hold.

Jupyter Book builds `html_theme_options` from the `html` part of `_config.yml`.
Giving the option itself there would replace all that Jupyter Book put in it, so
single entries are set here.
"""


def set_theme_options(app, config):
    """Keep one search field a page, and lead to the neighboring pages from the top.

    The theme would put a second field on top of the first.
    """
    config.html_theme_options.setdefault("navbar_persistent", [])
    config.html_theme_options["article_header_start"] = ["toggle-primary-sidebar", "neighbors"]


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", set_theme_options)
    app.add_js_file("reading.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
