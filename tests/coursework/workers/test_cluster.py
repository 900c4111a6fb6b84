"""Marking on a real Dask cluster: a scheduler and two workers, each a process of its own."""

import contextlib
import gc
import signal
import sys
import time

import dask
import distributed
import pytest

from coursework.grader.classroom import Settings
from coursework.grader.marking.grade import source_version
from coursework.grader.model import Cause, load_assignment
from coursework.grader.output.wording import say
from coursework.grader.sandbox.host import SandboxError
from coursework.grader.workers import cluster
from coursework.grader.workers.cluster import Cluster
from coursework.grader.workers.processes import PoolError
from tests.coursework.classes import (
    ENVIRONMENT,
    grade_command,
    kill_tree,
    make_class,
    read_grades,
    start,
)
from tests.coursework.workers.misbehaving import run_all

pytestmark = pytest.mark.slow


@pytest.fixture
def scheduler(tmp_path, request):
    """Return the address of a scheduler without workers; "elsewhere" as a parameter moves it."""
    options = {}
    if getattr(request, "param", None) == "elsewhere":
        blind = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONPATH"}
        options = {"cwd": tmp_path, "env": blind}
    command = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1")
    file = tmp_path / "scheduler.json"
    log = open(tmp_path / "scheduler.log", "w")  # noqa: SIM115  (closed below)
    process = start(
        [*command, "--port", "0", "--no-dashboard", "--scheduler-file", str(file)],
        stdout=log,
        stderr=log,
        **options,
    )
    with log:
        try:
            with distributed.Client(scheduler_file=str(file), timeout=300) as client:
                address = client.scheduler.address
            yield address
        finally:
            kill_tree(process)


@pytest.fixture
def workers(scheduler, tmp_path):
    """Return two workers of the scheduler."""
    command = (sys.executable, "-m", "distributed.cli.dask_worker", scheduler, "--no-nanny")
    log = open(tmp_path / "workers.log", "w")  # noqa: SIM115  (closed below)
    options = ("--nthreads", "1", "--no-dashboard", "--local-directory", str(tmp_path))
    processes = [start([*command, *options], stdout=log, stderr=log) for _ in range(2)]
    with log:
        try:
            with distributed.Client(scheduler) as client:
                client.wait_for_workers(2, timeout=300)
            yield processes
        finally:
            for process in processes:
                if process.poll() is None:
                    kill_tree(process)


def test_a_worker_that_is_killed_halfway_costs_nobody_a_row(tmp_path, scheduler, workers):
    totals = make_class(tmp_path, 8)
    grader = start(grade_command(tmp_path, "--scheduler", scheduler))
    finished = tmp_path / "grades.work" / "students"
    end = time.monotonic() + 300
    while len(list(finished.glob("*.json"))) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    workers[0].send_signal(signal.SIGKILL)
    assert len(list(finished.glob("*.json"))) < len(totals), "it was too late to kill a worker"
    out, err = grader.communicate(timeout=600)
    assert (grader.returncode, err) == (0, ""), out
    rows = read_grades(tmp_path)
    assert {student: float(row["total"]) for student, row in rows.items()} == totals
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert workers[0].poll() == -signal.SIGKILL
    assert workers[1].poll() is None


@contextlib.contextmanager
def start_cluster(workers):
    """Give a `Cluster` of some workers on this machine, with a thread each."""
    options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as local, distributed.Client(local) as client:
        yield Cluster(client, timeout=300)


def test_a_task_that_dask_gives_up_is_told_and_the_others_go_on(tmp_path):
    kinds = {"s0": "well", "s1": "dies", "s2": "well", "s3": "well"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        start_cluster(workers=2) as pool,
    ):
        outcomes = run_all(pool, tmp_path, kinds)
    lost = outcomes.pop("s1")
    assert lost.cause == Cause.TASK_LOST
    assert "KilledWorker" in say(lost)
    assert outcomes == {name: how for name, how in kinds.items() if name != "s1"}


def test_a_cluster_of_one_thread_does_the_work_itself(tmp_path):
    with start_cluster(workers=1) as pool:
        # Where Dask did it in this process, this test would die.
        outcomes = run_all(pool, tmp_path, {"s0": "dies once"})
    assert outcomes == {"s0": "dies once"}


def test_without_a_scheduler_or_workers_nothing_is_begun(tmp_path, scheduler, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    settings = Settings(load_assignment("hw1"), 1)
    for address, message in [
        ("tcp://127.0.0.1:1", "no Dask scheduler answers at tcp://127.0.0.1:1"),
        ("nonsense", "no Dask scheduler answers at nonsense"),
        ("tls://127.0.0.1:1", "no Dask scheduler answers at tls://127.0.0.1:1"),
        (scheduler, "has no workers; start some in the folder of the book with: PYTHONPATH=. dask"),
    ]:
        with pytest.raises(PoolError, match=message), cluster.connect(address, settings):
            pass
        gc.collect()  # a client that never connected; closing it while another starts hangs


@pytest.mark.parametrize("scheduler", ["elsewhere"], indirect=True)
def test_a_scheduler_that_does_not_find_the_coursework_is_told_what_to_do(scheduler, workers):
    settings = Settings(load_assignment("hw1"), 1, sandbox=False)
    message = "the scheduler cannot mark: No module named 'coursework'; start it in the folder"
    with pytest.raises(PoolError, match=message), cluster.connect(scheduler, settings):
        pass


def test_a_worker_says_why_it_cannot_mark(monkeypatch):
    def check_sandbox():
        raise SandboxError("bubblewrap is missing")

    version = source_version("hw1")
    assert cluster.find_problem("hw1", version, True) == ""
    assert "another version" in cluster.find_problem("hw1", "old", True)
    monkeypatch.setattr(cluster, "check_sandbox", check_sandbox)
    assert cluster.find_problem("hw1", version, True) == "bubblewrap is missing"
    assert cluster.find_problem("hw1", version, False) == ""
