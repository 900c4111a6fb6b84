"""Grade a large synthetic class, one in ten adversarial, and compare every mark with what is right.

``python -m coursework.soak --students 1000 --jobs 2`` makes the class in a temporary folder,
grades it by the command that a teacher uses, and prints how long it took. It ends with 1 and a
list where a row is missing or a mark is not as expected.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from coursework import adversarial
from coursework.adversarial import host_monitor
from coursework.adversarial.recipe import (
    ASSIGNMENT,
    TARGET,
    points_of,
    total_range,
    write_notebook,
)
from coursework.grader.model import FOLDER, OK, load_assignment

ADVERSARIAL_SHARE = 10  # one in so many
ROUNDING = 0.01  # grades.csv has two decimals
POLL = 0.5  # seconds between two looks at the memory


@dataclass(frozen=True)
class Expected:
    """The total, from and to, and the states that are right for a student."""

    low: float
    high: float
    statuses: tuple[str, ...]
    why: str


def make_class(folder, students, seed, listener):
    """Write a roster and a folder of submissions; return what is expected of each student.

    Adversarial submissions are taken in turn from the catalog, in an order that `seed` shuffles;
    the others have a mixture of answered questions that it draws.
    """
    rng = random.Random(seed)
    points = {q.name: q.out_of for q in load_assignment(ASSIGNMENT).questions}
    kit = adversarial.make_kit(listener.tcp_port, listener.abstract_name)
    catalog = rng.sample(adversarial.CATALOG, len(adversarial.CATALOG))
    expected = _write_known(folder / "submissions", points)
    for number in range(students - len(expected)):
        student = f"student-{number:04d}"
        place = folder / "submissions" / student
        place.mkdir(parents=True)
        if number % ADVERSARIAL_SHARE == ADVERSARIAL_SHARE - 1:
            submission = catalog[number // ADVERSARIAL_SHARE % len(catalog)]
            submission.write(kit, place)
            expected[student] = submission
        else:
            expected[student] = _write_honest(rng, place, points)
    lines = ["student,name", *(f"{student},Student {student}" for student in expected)]
    (folder / "roster.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return expected, points


def _write_honest(rng, place, points):
    answered = [name for name in points if rng.random() < 0.75]
    write_notebook(adversarial.with_questions(answered), place)
    total = sum(points_of(answered, points).values())
    return Expected(total, total, (OK,), f"answered: {', '.join(answered) or 'nothing'}")


def _write_known(folder, points):
    """Write the submissions that others are compared with, or link to."""
    (folder / "honest-0").mkdir(parents=True)
    write_notebook(adversarial.solved_notebook(), folder / "honest-0")
    (folder / "wrong").mkdir()
    write_notebook(adversarial.wrong_notebook(), folder / "wrong")
    whole = sum(points.values())
    rest = whole - points[TARGET]
    return {
        "honest-0": Expected(whole, whole, (OK,), "everything is right"),
        "wrong": Expected(rest, rest + points[TARGET] / 10, (OK,), "one answer is a constant"),
    }


def grade(folder, jobs, seed):
    """Run the grader; return its seconds, the greatest memory of its process, and its output."""
    command = [
        *(sys.executable, "-m", "coursework.grader", "grade", str(folder / "submissions")),
        *("--assignment", ASSIGNMENT, "--roster", str(folder / "roster.csv")),
        *("--out", str(folder / "grades.csv"), "--jobs", str(jobs), "--seed", str(seed)),
    ]
    began = time.perf_counter()
    peak = 0
    with open(folder / "output.txt", "wb") as output:
        process = subprocess.Popen(
            command,
            cwd=FOLDER.parent,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {host_monitor.CANARY: "a secret of the teacher"},
        )
        while process.poll() is None:
            try:
                peak = max(peak, psutil.Process(process.pid).memory_info().rss)
            except psutil.Error:
                break
            time.sleep(POLL)
        process.wait()
    seconds = time.perf_counter() - began
    output = (folder / "output.txt").read_text(encoding="utf-8", errors="replace")
    return process.returncode, seconds, peak, output


def read_rows(path):
    """Return the rows of grades.csv by student; none where there is no such file."""
    if not path.exists():
        return {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def compare(expected, rows, points):
    """Return a line for each student whose row is not as expected."""
    wrong = float(rows["wrong"][TARGET]) if "wrong" in rows else 0.0
    deviations = []
    for student, right in expected.items():
        if isinstance(right, adversarial.Submission):
            low, high = total_range(right, points, wrong)
            right = Expected(low, high, right.statuses, f"{right.name}: {right.why}")
        row = rows.get(student)
        if row is None:
            deviations.append(f"{student}: no row ({right.why})")
            continue
        total, status = float(row["total"] or "nan"), row["status"]
        fair = right.low - ROUNDING <= total <= right.high + ROUNDING
        if not fair or status not in right.statuses or (status != OK and not row["reason"]):
            deviations.append(
                f"{student}: {total:g} points, {status} ({row['reason'][:150]}); expected "
                f"{right.low:g} to {right.high:g}, {' or '.join(right.statuses)} ({right.why})"
            )
    unknown = sorted(rows.keys() - expected.keys())
    return deviations + [f"{student}: is not on the roster" for student in unknown]


def report(rows, seconds, peak, left):
    """Print the figures."""
    times = defaultdict(list)
    for row in rows.values():
        times[row["status"]].append(float(row["seconds"] or 0))
    marked = [value for status in times for value in times[status] if value > 0]
    print(f"{len(rows)} rows in {seconds:.0f} s; {seconds / max(1, len(rows)):.2f} s each")
    if marked:
        median, most = np.percentile(marked, [50, 95])
        print(f"marking one notebook: median {median:.2f} s, 95 % below {most:.2f} s")
    for status, values in sorted(times.items()):
        print(f"  {status:18} {len(values):5} rows, median {np.median(values):6.2f} s")
    print(f"peak memory of the grader's process: {peak / 2**20:.0f} MB")
    print(f"processes left over: {len(left)}")


def parse(arguments):
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m coursework.adversarial.soak", description="Grade a large synthetic class."
    )
    parser.add_argument("--students", type=int, default=1000, help="1000, unless told otherwise")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="notebooks at a time")
    parser.add_argument("--seed", type=int, default=1, help="of the class and of the inputs")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Make, grade and check a class; return the exit status."""
    options = parse(arguments)
    host_monitor.adopt_orphans()
    before = set(host_monitor.left_files())
    with tempfile.TemporaryDirectory(prefix="soak-") as name, host_monitor.Listener() as listener:
        folder = Path(name)
        expected, points = make_class(folder, options.students, options.seed, listener)
        code, seconds, peak, output = grade(folder, options.jobs, options.seed)
        rows = read_rows(folder / "grades.csv")
        visits = listener.visits
    left = host_monitor.left_processes()
    deviations = compare(expected, rows, points)
    deviations += [f"process left over: {line}" for line in left]
    deviations += [f"file left over: {path}" for path in set(host_monitor.left_files()) - before]
    if visits:
        deviations.append(f"{visits} connections from a sandbox to this machine")
    if code not in (0, 1):
        deviations.append(f"the grader ended with {code}: {output[-2000:]}")
    report(rows, seconds, peak, left)
    print(f"{len(deviations)} deviations", *deviations, sep="\n")
    return 1 if deviations else 0


if __name__ == "__main__":
    sys.exit(main())
