"""Run the chapters side by side before Sphinx reads them one by one.

MyST-NB looks into jupyter-cache before it runs a notebook. So jupyter-cache's own parallel executor
fills that cache first, for all chapters that are to be read. One that fails there is run again by
MyST-NB, which reports the error with its page.
"""

import logging
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from myst_nb.core.read import is_myst_markdown_notebook
from needed_data import why_not

READER = {"type": "plugin", "name": "myst_nb_md"}  # MyST-NB's own

logger = logging.getLogger(__name__)
logger.setLevel(logging.WARNING)  # the executor's processes take it over


def run_chapters(app, env, docnames):
    """Run those of the chapters whose outputs the cache does not have."""
    config = env.mystnb_config
    paths = [env.doc2path(name) for name in docnames]
    chapters = [path for path in paths if _is_chapter(path) and why_not(path) is None]
    if config.execution_mode != "cache" or len(chapters) < 2:
        return
    cache = get_cache(config.execution_cache_path)
    for path in chapters:
        cache.add_nb_to_project(path, read_data=READER)
    executor = load_executor("local-parallel", cache, logger)
    executor.run_and_cache(filter_uris=chapters, timeout=config.execution_timeout)


def _is_chapter(path):
    return path.endswith(".md") and is_myst_markdown_notebook(Path(path).read_text("utf-8"))


def setup(app):
    """Register with Sphinx."""
    app.connect("env-before-read-docs", run_chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
