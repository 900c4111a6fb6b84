"""Run the chapters side by side before Sphinx reads them one by one.

MyST-NB looks into jupyter-cache before it runs a notebook. So the workers of jupyter-cache's own
parallel executor fill that cache first, for all chapters that are to be read. One that fails there
is run again by MyST-NB, which reports the error with its page.

The executor itself would hand out the chapters in groups, in the order of the alphabet.
"""

import multiprocessing
import os
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from jupyter_cache.executors.basic import ExecutionWorkerLocalMProc, ProcessData
from myst_nb.core.read import is_myst_markdown_notebook
from needed_data import why_not

READER = {"type": "plugin", "name": "myst_nb_md"}  # MyST-NB's own

# What takes longest begins first: at the end, it would leave the other processors idle. Each of
# the two needs more than a gigabyte, so a third that does is left to its place in the alphabet.
LONGEST = ("mnist", "inside-the-classifier")


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
    records = load_executor("local-parallel", cache).get_records(chapters)
    records.sort(key=_place)
    tasks = [ProcessData(r.pk, r.uri, cache, config.execution_timeout, False) for r in records]
    if tasks:
        # One more than there are processors: each waits while a kernel starts and ends.
        processes = min(len(tasks), os.cpu_count() + 1)
        with multiprocessing.Pool(processes) as pool:
            pool.map(ExecutionWorkerLocalMProc(), tasks, chunksize=1)


def _place(record):
    name = Path(record.uri).stem
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


def _is_chapter(path):
    return path.endswith(".md") and is_myst_markdown_notebook(Path(path).read_text("utf-8"))


def setup(app):
    """Register with Sphinx."""
    app.connect("env-before-read-docs", run_chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
