"""Connecting to a Dask cluster, and asking its workers whether they can mark."""

from __future__ import annotations

import contextlib
import logging

from coursework.grader.marking.grade import source_version
from coursework.grader.sandbox.host import SandboxError, check_sandbox
from coursework.grader.workers.processes import Cluster, PoolError

PATIENCE = 30  # seconds to wait for the scheduler and for the first worker


@contextlib.contextmanager
def connect(address, settings):
    """Give a `Cluster` whose workers can mark as `settings` say.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.
    settings : Settings

    Raises
    ------
    PoolError
        Where the scheduler does not answer, there are no workers, or one of them lacks
        bubblewrap, does not find the coursework, or has another version of it. Says which.
    """
    import distributed  # takes a second, and most classes do without

    for logger in ("distributed", "distributed.client"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # deaths are dealt with here
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TypeError, ValueError, TimeoutError) as error:  # TypeError: no certificate
        raise PoolError(f"no Dask scheduler answers at {address} ({error})") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise PoolError(
                f"the scheduler at {address} has no workers; start some in the folder of the book "
                f"with: PYTHONPATH=. dask worker {address}"
            ) from None
        for place, problem in ask(client, settings).items():
            if problem:
                raise PoolError(f"{place} cannot mark: {in_words(problem)}")
        yield Cluster(client, settings.timeout)


def ask(client, settings):
    """Return what keeps the scheduler and each worker from marking; nothing where all is well."""
    name, version = settings.assignment.name, settings.version
    found = client.run(find_problem, name, version, settings.sandbox, on_error="return")
    problems = {f"the worker {worker}": problem for worker, problem in found.items()}
    # The scheduler reads the tasks, too, so it has to find the modules that they name.
    try:
        problems["the scheduler"] = client.run_on_scheduler(find_problem, name, version, False)
    except ModuleNotFoundError as error:
        problems["the scheduler"] = error
    return problems


def in_words(problem):
    """Return a problem with what to do, where the modules were not found."""
    if isinstance(problem, ModuleNotFoundError):
        return f"{problem}; start it in the folder of the book, with PYTHONPATH=. set"
    return str(problem)


def find_problem(name, version, sandbox):
    """Return why marks cannot be made in this process, or an empty text."""
    if source_version(name) != version:
        return "it has another version of the coursework than this machine"
    if not sandbox:
        return ""
    try:
        check_sandbox()
    except SandboxError as error:
        return str(error)
    return ""
