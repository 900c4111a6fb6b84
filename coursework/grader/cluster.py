"""Connecting to a Dask cluster, and asking its workers whether they can mark."""

from __future__ import annotations

import contextlib
import logging

from coursework.grader.pools import Cluster, PoolError
from coursework.grader.running import source_version
from coursework.grader.sandbox import SandboxError, check_sandbox

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
        bubblewrap or has another version of the coursework. Says which.
    """
    import distributed  # takes a second, and most classes do without

    for logger in ("distributed", "distributed.client"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # deaths are dealt with here
    try:
        client = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise PoolError(f"no Dask scheduler answers at {address} ({error})") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise PoolError(
                f"the scheduler at {address} has no workers; start some with: dask worker {address}"
            ) from None
        name, version = settings.assignment.name, settings.version
        found = client.run(find_problem, name, version, settings.sandbox, on_error="return")
        for worker, problem in found.items():
            if problem:
                raise PoolError(f"the worker {worker} cannot mark: {problem}")
        yield Cluster(client, settings.timeout)


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
