"""Processes on this machine, started by joblib, in which notebooks are marked."""

from __future__ import annotations

import joblib
from joblib.externals.loky import get_reusable_executor

IDLE = 10  # seconds after which a process without work ends, also where this one was killed
ALONE = 2  # further attempts for a task that was under way when a process died


class PoolError(RuntimeError):
    """No task can be run at all, such as where the cluster has gone."""


class LostTaskError(RuntimeError):
    """A task was tried often enough; the message is the reason that it has no result."""


class Processes:
    """Processes on this machine, and what goes on when one of them dies.

    Joblib gives up a whole batch then. What had been begun and was not finished may have
    killed the process, so each of these tasks is run again, alone; after that the others go on.

    Parameters
    ----------
    jobs : int
        How many notebooks are marked at the same time.
    timeout : float
        Seconds without any result after which the tasks under way count as lost.
    """

    def __init__(self, jobs, timeout):
        self.jobs = jobs
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
            except Exception as error:
                suspects = [name for name in begun if name in waiting]
                if not suspects:
                    raise PoolError(f"no task could be started: {describe_error(error)}") from error
                for name in suspects:
                    yield name, self._run_alone(function, name, waiting.pop(name))

    def _run_alone(self, function, name, task):
        for _ in range(ALONE):
            try:
                [(_, outcome)] = self._start(
                    iter([joblib.delayed(_run_task)(function, name, task())])
                )
                return outcome
            except Exception as error:
                last = error
        return LostTaskError(
            f"marking it was tried {ALONE + 1} times and never came to an end "
            f"({type(last).__name__}: the process died, as where memory runs out, or was stuck)"
        )

    def _start(self, tasks):
        """Yield what the tasks return, in the order in which they finish; end the processes."""
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
        try:
            yield from parallel(tasks)
        finally:
            # Joblib keeps them for the next call, with the assignment and the settings of this one.
            get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _run_task(function, name, arguments):
    return name, function(name, *arguments)


def describe_error(error):
    """Return an error in one short line."""
    text = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
