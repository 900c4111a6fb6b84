"""Where notebooks are marked: processes on this machine, or a Dask cluster; both by joblib."""

from __future__ import annotations

import asyncio

import joblib
from joblib.externals.loky import get_reusable_executor

IDLE = 10  # seconds after which a process without work ends, also where this one was killed
RETURN = 120  # seconds in which a cluster that lost all its workers may get new ones
ALONE = 2  # further attempts for a task that was under way when a process died


class PoolError(RuntimeError):
    """No task can be run at all, such as where the cluster has gone."""


class LostTaskError(RuntimeError):
    """A task was tried often enough; the message is the reason that it has no result."""


class Pool:
    """Runs tasks through joblib, and goes on when the process that runs one dies.

    Joblib gives up a whole batch then. What had been begun and was not finished may have
    killed the process, so each of these tasks is run again, alone; after that the others go on.

    Parameters
    ----------
    timeout : float
        Seconds without any result after which the tasks under way count as lost.
    """

    def __init__(self, timeout):
        self.timeout = timeout

    def run(self, function, tasks):
        """Run ``function(name, *task())`` for each task.

        Parameters
        ----------
        function : callable
            Importable by name. Must not raise.
        tasks : mapping of str to callable
            By name, what makes the further arguments, when it is their turn. Must not raise.
            Arguments are bytes, text, numbers, and tuples and dicts of these.

        Yields
        ------
        name : str
        outcome : object
            What the function returned; or a `LostTaskError`.

        Raises
        ------
        PoolError
        """
        waiting = dict(tasks)
        while waiting:
            begun = []

            def feed(begun=begun):
                for name in list(waiting):
                    begun.append(name)
                    yield joblib.delayed(_run_task)(function, name, waiting[name]())

            try:
                for name, outcome in self._start(feed()):
                    del waiting[name]
                    yield name, outcome
            except PoolError:
                raise
            except Exception as error:
                suspects = [name for name in begun if name in waiting]
                if not suspects:
                    raise PoolError(f"no task could be started: {_say(error)}") from error
                for name in suspects:
                    yield name, self._run_alone(function, name, waiting.pop(name))

    def _run_alone(self, function, name, task):
        for _ in range(ALONE):
            try:
                [(_, outcome)] = self._start(
                    iter([joblib.delayed(_run_task)(function, name, task())])
                )
                return outcome
            except PoolError:
                raise
            except Exception as error:
                last = error
        return LostTaskError(
            f"marking it was tried {ALONE + 1} times and never came to an end "
            f"({type(last).__name__}: the process died, as where memory runs out, or was stuck)"
        )

    def _start(self, tasks):
        """Return a generator of what the tasks return, in the order in which they finish."""
        raise NotImplementedError


def _run_task(function, name, arguments):
    return name, function(name, *arguments)


def _say(error):
    """Return an error in one short line."""
    text = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class Processes(Pool):
    """Processes on this machine.

    Parameters
    ----------
    jobs : int
        How many notebooks are marked at the same time.
    timeout : float
        As in `Pool`.
    """

    def __init__(self, jobs, timeout):
        super().__init__(timeout)
        self.jobs = jobs

    def run(self, function, tasks):
        """Run tasks as `Pool.run` does, and end the processes after the last one."""
        try:
            yield from super().run(function, tasks)
        finally:
            # Joblib keeps them for the next call, with the assignment and the settings of this one.
            get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)

    def _start(self, tasks):
        # With one job, joblib would work in this process, and would die with it: so there are
        # two at least, and no more tasks under way than are wanted.
        parallel = joblib.Parallel(
            n_jobs=max(2, self.jobs),
            backend="loky",
            batch_size=1,
            pre_dispatch=self.jobs,
            return_as="generator_unordered",
            timeout=self.timeout,
            idle_worker_timeout=IDLE,
        )
        return parallel(tasks)


class Cluster(Pool):
    """The workers of a Dask cluster.

    Parameters
    ----------
    client : distributed.Client
    timeout : float
        As in `Pool`.
    """

    def __init__(self, client, timeout):
        super().__init__(timeout)
        self.client = client

    def _start(self, tasks):
        workers = _count_workers(self.client)
        with joblib.parallel_config(backend=_make_backend(self.client), n_jobs=-1):
            parallel = joblib.Parallel(
                batch_size=1,
                pre_dispatch=max(8, 4 * workers),  # so that workers that come later find work
                return_as="generator_unordered",
                timeout=self.timeout,
            )
            return parallel(tasks)


def _count_workers(client):
    """Return how many threads the cluster has; waits for the first."""
    try:
        client.wait_for_workers(1, timeout=RETURN)
        return sum(client.ncores().values())
    except Exception as error:
        raise PoolError(f"the cluster has no workers any more ({_say(error)})") from error


def _make_backend(client):
    """Return joblib's backend for Dask, with its faults mended."""
    # Imported where it is needed: it takes a second, and most classes do without.
    from joblib._dask import DaskDistributedBackend

    class ClusterBackend(DaskDistributedBackend):
        def effective_n_jobs(self, n_jobs):
            # With one thread in the cluster, joblib would mark in this process instead.
            return max(2, super().effective_n_jobs(n_jobs))

        async def _collect(self):
            # Joblib's own forgets to call back when Dask has given up a task, as it does after
            # several workers died of it; then `Parallel` would wait for ever.
            while self._continue:
                async for future, outcome in self.waiting_futures:
                    job, callback = self._results.pop(future), self._callbacks.pop(future)
                    if future.status != "finished":
                        outcome = _make_error(future.status, outcome)
                    job.set_result(outcome)
                    callback(outcome)
                await asyncio.sleep(0.01)

        def abort_everything(self, ensure_ready=True):
            # Joblib's own forgets the tasks that are under way and lets them run on.
            self.client.cancel(list(self._results), force=True)
            super().abort_everything(ensure_ready)

        def retrieve_result_callback(self, out):
            if isinstance(out, Exception):
                raise out
            return super().retrieve_result_callback(out)

    # Without workers, such as while they start anew, tasks wait; joblib's own would give up soon.
    return ClusterBackend(client=client, wait_for_workers_timeout=0)


def _make_error(status, outcome):
    """Return an exception for a task that Dask did not finish."""
    if isinstance(outcome, tuple) and len(outcome) == 3 and isinstance(outcome[1], Exception):
        return outcome[1]
    return RuntimeError(f"the cluster has {status} it")
