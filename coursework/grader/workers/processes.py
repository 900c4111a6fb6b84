"""Processes on this machine, started by joblib's loky, in which notebooks are marked."""

import itertools
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

from joblib.externals.loky import get_reusable_executor

from coursework.grader.model import Cause, Reason

IDLE = 10  # seconds after which a process without work ends, also where this one was killed
ALONE = 2  # further attempts for a task that was under way when a process died
# With more threads, the processes would only be in one another's way.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class PoolError(RuntimeError):
    """No task can be run at all, such as where the cluster has gone."""


class Pool:
    """Runs tasks somewhere, and those again that were under way where a process died.

    Without any result for `timeout` seconds, too, the tasks under way count as lost.
    """

    def __init__(self, timeout):
        self.timeout = timeout

    def run(self, function, tasks):
        """Run ``function(*task())`` for each task, by name; yield names and what it returned.

        A task makes its arguments when it is its turn. Neither it nor the function, which is
        imported by its name, may raise. For a task that was tried often enough, the outcome is the
        `Reason` that it has no result; where no task can be run, `PoolError` is raised.
        """
        suspects = []
        for name, outcome in self._run_side_by_side(function, tasks):
            if isinstance(outcome, Reason):
                suspects.append(name)
            else:
                yield name, outcome
        # A process that dies takes other tasks along: the one that has killed it dies alone, too.
        for name in suspects:
            for _ in range(ALONE):
                [(name, outcome)] = self._run_side_by_side(function, {name: tasks[name]})
                if not isinstance(outcome, Reason):
                    break
            yield name, outcome

    def _run_side_by_side(self, function, tasks):
        waiting, names = iter(tasks.items()), {}
        try:
            while True:
                places = max(0, self._count_places() - len(names))
                for name, task in itertools.islice(waiting, places):
                    names[self._submit(function, *task())] = name
                if not names:
                    return
                for future, outcome in self._wait(list(names)):
                    yield names.pop(future), outcome
        finally:
            self._stop(list(names))


class Processes(Pool):
    """Processes on this machine: `jobs` notebooks are marked at the same time."""

    def __init__(self, jobs, timeout):
        super().__init__(timeout)
        self.jobs = jobs

    def _count_places(self):
        return self.jobs

    def _submit(self, function, *arguments):
        try:
            return self._start().submit(function, *arguments)
        except BrokenExecutor:  # a process has died since it was started: the next is a new one
            return self._submit(function, *arguments)
        except Exception as error:
            raise PoolError(f"no task could be started: {describe_error(error)}") from error

    def _start(self):
        """Return the executor that runs, or a new one where a process of it has died."""
        return get_reusable_executor(self.jobs, timeout=IDLE, env=ONE_THREAD)

    def _wait(self, futures):
        """Return pairs of the futures that have ended, at least one, and what became of them."""
        if not wait(futures, self.timeout, FIRST_COMPLETED).done:
            self._stop(futures)
        return [(future, _outcome(future)) for future in futures if future.done()]

    def _stop(self, _):
        """End the processes, and with them all that is under way."""
        get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


def _outcome(future):
    error = future.exception()
    if error is None:
        return future.result()
    told = (
        f"marking it was tried {ALONE + 1} times and never came to an end "
        f"({type(error).__name__}: the process died, as where memory runs out, or was stuck)"
    )
    return Reason(Cause.TASK_LOST, (told,))


def describe_error(error):
    """Return an error in one short line."""
    text = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
