"""Processes that mark on this machine, and what becomes of a task that kills or blocks one."""

import os
import time

import psutil
import pytest

from coursework.grader.model import Cause
from coursework.grader.output.wording import say
from coursework.grader.workers.processes import PoolError, Processes
from tests.coursework.workers.misbehaving import get_process, misbehave, run_all

# A pool that loses processes


@pytest.mark.parametrize("jobs", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_the_death_of_a_process_costs_only_the_task_that_kills_it(tmp_path, jobs):
    kinds = {f"s{number}": "well" for number in range(8)} | {"s2": "dies", "s5": "dies once"}
    outcomes = run_all(Processes(jobs, timeout=60), tmp_path, kinds)
    lost = outcomes.pop("s2")
    assert lost.cause == Cause.TASK_LOST
    assert say(lost).startswith("marking it was tried 3 times and never came to an end")
    assert outcomes == {name: how for name, how in kinds.items() if name != "s2"}
    log = (tmp_path / "log").read_text().split()
    assert log.count("s2") == 3  # once with the others, and twice alone


@pytest.mark.slow
def test_a_task_that_hangs_is_given_up(tmp_path):
    began = time.monotonic()
    run_all(Processes(2, timeout=60), tmp_path, {"s0": "well"})
    enough = 1 + 5 * (time.monotonic() - began)  # for a process to start, on this machine today
    outcomes = run_all(Processes(2, timeout=enough), tmp_path, {"s0": "well", "s1": "hangs"})
    assert outcomes.pop("s0") == "well"
    assert outcomes["s1"].cause == Cause.TASK_LOST


def test_the_processes_end_with_the_run():
    pool = Processes(2, timeout=60)
    tasks = {f"s{number}": tuple for number in range(4)}
    first, second = (set(dict(pool.run(get_process, tasks)).values()) for _ in range(2))
    assert first.isdisjoint(second)  # so a second run works, too
    interrupted = pool.run(get_process, tasks)
    _, third = next(interrupted)
    interrupted.close()
    assert not [pid for pid in {*first, *second, third} if psutil.pid_exists(pid)]


def test_where_no_task_can_be_started_the_pool_says_so():
    class Broken(Processes):
        def _start(self):
            raise OSError("no more processes")

    with pytest.raises(PoolError, match="no more processes"):
        list(Broken(1, timeout=1).run(misbehave, {"s0": tuple}))


def test_a_process_that_dies_before_a_task_is_sent_is_replaced():
    class Dying(Processes):
        death = None

        def _start(self):
            executor = super()._start()
            self.death = self.death or executor.submit(os._exit, 1).exception()
            return executor

    [(name, pid)] = Dying(1, timeout=60).run(get_process, {"s0": tuple})
    assert name == "s0"
    assert pid != os.getpid()
