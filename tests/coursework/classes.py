"""Small classes on disk for the tests, and the grader's command in a process of its own."""

import contextlib
import csv
import json
import os
import subprocess
import sys

import psutil

from coursework import adversarial
from tools.references import ROOT

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def hand_in(folder, student, notebook):
    """Write a notebook, a dict, as the submission of a student."""
    (folder / "submissions" / student).mkdir(parents=True)
    (folder / "submissions" / student / "hw1.ipynb").write_text(json.dumps(notebook))


def make_class(folder, count):
    """Write a roster and submissions with 25, 45, 65, 25, 45, … points; return the totals."""
    answers = ("softmax", "log_softmax", "cross_entropy")
    totals = {}
    for number in range(count):
        answered = answers[: 1 + number % 3]
        hand_in(folder, f"s{number}", adversarial.with_questions(answered))
        totals[f"s{number}"] = (25, 45, 65)[number % 3]
    write_roster(folder, totals)
    return totals


def write_roster(folder, students):
    """Write a roster with these ids."""
    (folder / "roster.csv").write_text("\n".join(["student", *students]) + "\n")


def grade_command(folder, *options):
    """Return the command that marks a class."""
    return [
        *(sys.executable, "-m", "coursework.grader", "grade", str(folder / "submissions")),
        *("--assignment", "hw1", "--roster", str(folder / "roster.csv")),
        *("--out", str(folder / "grades.csv"), *options),
    ]


def start(command, **options):
    """Start a command in the folder of the project."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    usual = pipes | {"cwd": ROOT, "env": ENVIRONMENT}
    return subprocess.Popen(command, **(usual | options))


def read_table(path):
    """Return the rows of a CSV file, each a dict."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def read_grades(folder, name="grades.csv"):
    """Return the rows of a file of marks, each a dict, by student."""
    return {row["student"]: row for row in read_table(folder / name)}


def kill_tree(process):
    """End a process and all that it started, by SIGKILL."""
    parent = psutil.Process(process.pid)
    kill_all([parent, *parent.children(recursive=True)])
    process.communicate()


def kill_all(processes):
    """End those of some processes that are still there, by SIGKILL."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
