"""Processes on this machine, started by joblib, in which notebooks are marked."""

import joblib
from joblib.externals.loky import get_reusable_executor

from coursework.grader.model import Cause, Reason

IDLE = 10  # seconds after which a process without work ends, also where this one was killed
ALONE = 2  # further attempts for a task that was under way when a process died


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


class Processes(Pool):
    """Processes on this machine: `jobs` notebooks are marked at the same time."""

    def __init__(self, jobs, timeout):
        super().__init__(timeout)
        self.jobs = jobs

    def _run_side_by_side(self, function, tasks):
        waiting = dict(tasks)
        while waiting:  # joblib gives up a whole batch where a process dies
            begun = []

            def feed(begun=begun):
                for name in list(waiting):
                    begun.append(name)
                    yield joblib.delayed(_run_task)(name, function, waiting[name]())

            try:
                for name, outcome in self._start(feed()):
                    del waiting[name]
                    yield name, outcome
            except Exception as error:
                suspects = [name for name in begun if name in waiting]
                if not suspects:
                    raise PoolError(f"no task could be started: {describe_error(error)}") from error
                told = (
                    f"marking it was tried {ALONE + 1} times and never came to an end "
                    f"({type(error).__name__}: the process died, as where memory runs out, or was "
                    "stuck)"
                )
                for name in suspects:
                    del waiting[name]
                    yield name, Reason(Cause.TASK_LOST, (told,))

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


def _run_task(name, function, arguments):
    return name, function(*arguments)


def describe_error(error):
    """Return an error in one short line."""
    text = str(error).strip().partition("\n")[0][:200]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
