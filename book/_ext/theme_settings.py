"""Settings of the theme that `_config.yml` cannot hold.

Jupyter Book builds `html_theme_options` from the `html` part of `_config.yml`.
Giving the option itself there would replace all that Jupyter Book put in it, so
single entries are set here.
"""


def set_theme_options(app, config):
    """Keep one search field a page: the theme would add a second one on top of it."""
    config.html_theme_options.setdefault("navbar_persistent", [])


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", set_theme_options)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
