"""The workers of a Dask cluster: an optional place to mark, by the public API of `distributed`."""

import contextlib
import logging
import warnings

import distributed

from coursework.grader.marking.grade import source_version
from coursework.grader.model import Cause, Reason
from coursework.grader.sandbox.host import SandboxError, check_sandbox
from coursework.grader.workers.processes import Pool, PoolError, describe_error

PATIENCE = 30  # seconds to wait for the scheduler and for the first worker
RETURN = 120  # seconds in which a cluster that lost all its workers may get new ones
AHEAD = 4  # tasks for each thread, so that workers that come later find work


class Cluster(Pool):
    """The workers of a Dask cluster, which runs a task again whose worker has died."""

    def __init__(self, client, timeout):
        super().__init__(timeout)
        self.client = client

    def _count_places(self):
        """Return how many tasks may be under way; waits for the first worker."""
        try:
            self.client.wait_for_workers(1, timeout=RETURN)
            return max(8, AHEAD * sum(self.client.ncores().values()))
        except Exception as error:
            raise PoolError(
                f"the cluster has no workers any more ({describe_error(error)})"
            ) from error

    def _submit(self, function, *arguments):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a large notebook is a large argument
            return self.client.submit(function, *arguments, pure=False)

    def _wait(self, futures):
        """Return pairs of the futures that have ended, at least one, and what became of them."""
        try:
            with self.client.as_current():
                done = distributed.wait(futures, self.timeout, "FIRST_COMPLETED").done
        except TimeoutError:
            return self._give_up(futures)
        except (OSError, distributed.CancelledError) as error:
            raise PoolError(f"the cluster has gone ({describe_error(error)})") from error
        return [(future, _outcome(future)) for future in done]

    def _give_up(self, futures):
        """Return pairs of the futures that are stuck, and that they are."""
        busy = {key for keys in self.client.processing().values() for key in keys}
        stuck = [future for future in futures if future.key in busy]
        if not stuck:
            raise PoolError("the cluster has no workers any more")
        self.client.cancel(stuck, force=True)
        lost = Reason(Cause.TASK_LOST, (f"marking it did not end within {self.timeout:.0f} s",))
        return [(future, lost) for future in stuck]

    def _stop(self, futures):
        with contextlib.suppress(Exception):  # the scheduler may have gone
            self.client.cancel(futures, force=True)


def _outcome(future):
    if future.status == "finished":
        return future.result()
    if future.status == "error":  # such as KilledWorker, after the last attempt
        told = f"the cluster gave it up ({describe_error(future.exception())})"
        return Reason(Cause.TASK_LOST, (told,))
    raise PoolError(f"the cluster has {future.status} a task")


@contextlib.contextmanager
def connect(address, settings):
    """Give a `Cluster` whose workers can mark as `settings` say, at the address of its scheduler.

    Where the scheduler does not answer, there are no workers, or one of them lacks bubblewrap,
    does not find the coursework, or has another version of it, a `PoolError` says which.
    """
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
        name = settings.assignment.name
        version = source_version(name)
        found = client.run(find_problem, name, version, settings.sandbox, on_error="return")
        problems = {f"the worker {worker}": problem for worker, problem in found.items()}
        # The scheduler reads the tasks, too, so it has to find the modules that they name.
        try:
            problems["the scheduler"] = client.run_on_scheduler(find_problem, name, version, False)
        except ModuleNotFoundError as error:
            problems["the scheduler"] = error
        for place, problem in problems.items():
            if problem:
                told = ""
                if isinstance(problem, ModuleNotFoundError):
                    told = "; start it in the folder of the book, with PYTHONPATH=. set"
                raise PoolError(f"{place} cannot mark: {problem}{told}")
        yield Cluster(client, settings.timeout)


def find_problem(name, version, sandbox):
    """Return why marks cannot be made in this process, or an empty text."""
    if source_version(name) != version:
        return "it has another version of the coursework than this machine"
    try:
        if sandbox:
            check_sandbox()
    except SandboxError as error:
        return str(error)
    return ""
