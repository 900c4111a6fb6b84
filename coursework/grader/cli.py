"""The commands of the grader: ``python -m coursework.grader COMMAND --help``."""

import argparse
import contextlib
import math
import os
import secrets
import statistics
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

from tqdm import tqdm

from coursework.grader import model
from coursework.grader.classroom import Settings, grade_class
from coursework.grader.inbox.csv_reader import tell_foreign
from coursework.grader.inbox.find import FILE, NBGRADER, find_submissions
from coursework.grader.inbox.released import RELEASED, read_released
from coursework.grader.inbox.roster import Student, parse_due, parse_timezone, read_roster
from coursework.grader.model import Cause, GraderError, load_assignment, parse_variant
from coursework.grader.output.feedback import find_chapters, write_feedback
from coursework.grader.output.free_response import export_answers, read_marks
from coursework.grader.output.grades_csv import write_grades
from coursework.grader.output.lms_csv import SYSTEMS, write_marks
from coursework.grader.output.wording import explain, in_points, in_units
from coursework.grader.sandbox.host import check_sandbox
from coursework.grader.sanitize import one_line, shorten
from coursework.grader.store import WorkFolder
from coursework.grader.workers.processes import PoolError, Processes

EVERY = 1.0  # seconds between two writings of the marks while a class is marked
AWAITING_HELP = "although answers in words await marks, or marking failed for somebody"
SHOWN = 20  # students or folders in a list of the summary

GRADE_RULES = """\
The page "For instructors", book/instructors.md, says which notebook of a student counts, what
lateness costs, and what a roster may hold.

Started again, whatever stopped it, the grader marks only what has no marks yet, has changed,
or failed. To mark a student once more, delete grades.work/students/STUDENT.json.

exit code: 0 if marking failed for nobody, 1 otherwise, 2 for bad arguments.
"""


def main(arguments=None):
    """Run a command and return the exit code."""
    try:
        options = make_parser().parse_args(arguments)
        return options.run(options)
    except GraderError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except PoolError as error:
        print(f"error: {error}; the same command goes on from here", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"error: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return 2


def make_parser():
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python -m coursework.grader", description="Mark the coursework of a class."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_grade(commands)
    _add_others(commands)
    return parser


def _add_grade(commands):
    add = commands.add_parser(
        "grade",
        help="mark a folder of submissions",
        description="Mark a folder of submissions: one row for every student on the roster.",
        epilog=GRADE_RULES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add.set_defaults(run=grade)
    option = add.add_argument
    option("submissions", metavar="SUBMISSIONS", type=Path, help="the folder of all submissions")
    option("--assignment", required=True, metavar="NAME", help="such as hw1")
    option("--roster", required=True, type=Path, metavar="CSV", help="who is in the class")
    option("--out", required=True, type=Path, metavar="CSV", help="where the marks go; beside "
           "it a folder .feedback, and a folder .work with what is finished")  # fmt: skip
    where = add.add_mutually_exclusive_group().add_argument
    positive = _number(int, 1, math.inf, "a whole number from 1 upwards")
    where("--jobs", type=positive, metavar="N", help="notebooks at the same time; by default "
          "the number of processors")  # fmt: skip
    where("--scheduler", metavar="ADDRESS", help="mark on the Dask cluster of this scheduler, "
          "such as tcp://10.0.0.1:8786")  # fmt: skip
    seed = _number(int, 0, 2**63 - 1, "a whole number from 0 to 2**63 - 1")
    option("--seed", type=seed, metavar="N", help="draws the inputs of the checks; by default "
           "drawn once for this --out and kept")  # fmt: skip
    option("--variant", type=parse_variant, default="", metavar="PARAMETERS",
           help='such as "base=2"')  # fmt: skip
    option("--due", metavar="TIME", help="the deadline, such as 2026-12-01T23:59+01:00; a date "
           "alone, such as 2026-12-01, means the end of that day")  # fmt: skip
    option("--timezone", type=parse_timezone, metavar="NAME", help="of the course, such as "
           "Europe/Berlin, for deadlines and times that name none")  # fmt: skip
    option("--times", choices=(FILE, NBGRADER), default=FILE, help="when work was handed in: by "
           "the date of the file, or by the timestamp.txt that nbgrader wrote when it collected "
           "the files, which otherwise anyone may have written; file by default")  # fmt: skip
    percent = _number(float, 0, 100, "a percentage from 0 to 100")
    option("--late-penalty", type=percent, default=0.0, metavar="PERCENT",
           help="of all points, for each day of lateness that has begun; 0 by default")  # fmt: skip
    option("--book-url", type=find_chapters, metavar="URL", help="where the book is, for the links "
           "in the feedback, such as https://example.org/softmax/")  # fmt: skip
    option("--released", type=Path, default=RELEASED, metavar="FOLDER", help="where make "
           "coursework put what was given out; by default _build/coursework")  # fmt: skip
    option("--no-sandbox", action="store_true", help="run the answers without bubblewrap, with "
           "all rights that you have")  # fmt: skip
    option("--progress", action="store_true", help="show the progress bar also where the output "
           "is not a terminal")  # fmt: skip


def _add_others(commands):
    def add(name, run, text):
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.set_defaults(run=run)
        command.add_argument("grades", metavar="GRADES", type=Path, help="as made by grade")
        return command.add_argument

    option = add("answers", answers, "write the answers in words to a CSV, to be marked by hand")
    option("--out", required=True, type=Path, metavar="CSV")
    option("--names", action="store_true", help="students' ids instead of keys of eight letters")
    option = add("merge", merge, "take over the marks from the CSV that answers made")
    option("answers", metavar="ANSWERS", type=Path)
    option = add("export", export, "write the marks for Canvas or Moodle")
    option("--to", required=True, choices=SYSTEMS)
    option("--roster", required=True, type=Path, metavar="CSV")
    option("--out", required=True, type=Path, metavar="CSV")
    option("--title", help="of the column there; by default that of the assignment")
    option("--by", choices=("student", "email"), help="the column of the roster that they know "
           "students by; by default student for Canvas, email for Moodle")  # fmt: skip
    option("--missing", choices=("zero", "omit"), default="zero", help="who handed in nothing "
           "has 0 points, or is left out")  # fmt: skip
    option("--allow-awaiting", action="store_true", help=AWAITING_HELP)
    option = add("gradebook", gradebook, "write the marks into nbgrader's gradebook")
    option("--db", required=True, type=Path, metavar="DB")
    option("--roster", type=Path, metavar="CSV", help="for names and addresses")
    option("--allow-awaiting", action="store_true", help=AWAITING_HELP)


def _number(kind, lowest, highest, what):
    """Return what argparse calls to read a number between two limits."""

    def read(text):
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not lowest <= number <= highest:
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return number

    return read


def grade(options):
    """Mark a folder of submissions."""
    if options.out.is_dir() or options.out.suffix in (".work", ".feedback"):
        raise GraderError(f"--out {options.out}: give the name of a file, such as grades.csv")
    assignment = load_assignment(options.assignment, options.variant)
    timezone = options.timezone
    due = parse_due(options.due, timezone=timezone) if options.due else None
    students = read_roster(options.roster, timezone)
    submissions, strangers = find_submissions(
        options.submissions, students, assignment.name, times=options.times, timezone=timezone
    )
    if all(s.reason and s.reason.cause == Cause.NOTHING_HANDED_IN for s in submissions):
        raise GraderError(
            f"{options.submissions} has no folder or file of anybody on the roster; it has "
            f"{', '.join(strangers[:SHOWN]) or 'nothing'}. Name the folder in which each student "
            "has a folder or a file"
        )
    if stamped := sum(submission.stamped for submission in submissions):
        _warn(f"the timestamp.txt of {in_units(stamped, 'student')} is not read; if nbgrader "
              "collected these files, add --times nbgrader")  # fmt: skip
    deadline = f"the deadline {due.isoformat()}" if due else "no deadline"
    deadline += f" and a penalty of {options.late_penalty:g} % a day"
    if options.late_penalty and not due and not any(student.due for student in students):
        _warn("--late-penalty has no effect without --due or a deadline in the roster")
    if options.no_sandbox:
        _warn("--no-sandbox: the students' code runs as you, and can read and change your files, "
              "use the network, and forge its marks")  # fmt: skip
    elif not options.scheduler:
        check_sandbox()

    work = WorkFolder(options.out)
    if options.out.exists() and work.read_settings() is None:
        raise GraderError(tell_foreign(options.out))
    with work.lock():
        settings = Settings(
            assignment=assignment,
            seed=_compare_with_last(options, work, assignment, deadline),
            sandbox=not options.no_sandbox,
            due=due,
            penalty=options.late_penalty,
            released=read_released(assignment, options.released),
        )
        if options.scheduler:
            from coursework.grader.workers.cluster import connect  # needs Dask

            place = connect(options.scheduler, settings)
        else:
            jobs = options.jobs or len(os.sched_getaffinity(0))
            place = contextlib.nullcontext(Processes(jobs, settings.timeout))
        with place as pool:
            work.write_settings(
                {
                    "assignment": assignment.name,
                    "parameters": dict(assignment.parameters),
                    "seed": settings.seed,
                    "book_url": options.book_url,
                    "deadline": deadline,
                    "students": [{"student": row.student, "name": row.name} for row in students],
                }
            )
            graded, fresh = _run(options, work, settings, submissions, pool)
    _summarize(options, work, settings, graded, fresh, students, strangers)
    return int(any(result.status == model.FAILED for result in graded.values()))


def _compare_with_last(options, work, assignment, deadline):
    """Tell what differs from the last run; return the seed: as asked for, as it was, or new."""
    kept = work.read_settings()
    if kept is None:
        return secrets.randbelow(2**32) if options.seed is None else options.seed
    if kept["assignment"] != assignment.name:
        raise GraderError(
            f"{options.out} has the marks of {kept['assignment']}; choose another --out for "
            f"{assignment.name}"
        )
    if kept["parameters"] != dict(assignment.parameters):
        _warn("the variant is another than in the last run: all are marked again")
    if (former := kept.get("deadline", deadline)) != deadline:
        _warn(f"the last run had {former}; this one has {deadline}")
    if options.seed is not None and options.seed != kept["seed"]:
        _warn(f"the seed of the last run was {kept['seed']}: all are marked again")
        return options.seed
    return kept["seed"]


def _run(options, work, settings, submissions, pool):
    """Mark the class, and return the results by student and how many are new."""
    assignment = settings.assignment
    students = [submission.student for submission in submissions]
    graded, fresh = {}, 0
    write_grades(options.out, students, graded, assignment)
    written = time.monotonic()
    bar = tqdm(total=len(students), unit="student", disable=False if options.progress else None)
    try:
        with bar, warnings.catch_warnings():
            # Of processes that were restarted.
            warnings.filterwarnings("ignore", category=UserWarning, module="joblib")
            names = {student.student: student.name for student in students}
            for result, is_fresh in grade_class(submissions, settings, work, pool):
                graded[result.student] = result
                fresh += is_fresh
                bar.update()
                _hand_back(result, names, assignment, work, options.book_url)
                if time.monotonic() - written > EVERY:
                    write_grades(options.out, students, graded, assignment)
                    written = time.monotonic()
    finally:
        write_grades(options.out, students, graded, assignment)
    return graded, fresh


def _hand_back(result, names, assignment, work, book_url):
    """Write a student's feedback; marks count more, so that a fault here stops nobody."""
    try:
        write_feedback(result, assignment, work.feedback, book_url, names[result.student])
    except Exception as error:
        _warn(f"no feedback for {result.student} ({type(error).__name__}: {one_line(error)})")


def _summarize(options, work, settings, graded, fresh, roster, strangers):
    assignment, results = settings.assignment, graded.values()
    statuses = Counter(result.status for result in results)
    counts = ", ".join(f"{statuses[state]} {state}" for state in model.STATES if statuses[state])
    students, now = in_units(len(graded), "student"), in_units(fresh, "notebook")
    print(f"{assignment.name}: {students} ({counts}); {now} marked now")
    skipped = (model.MISSING, model.FAILED)
    totals = [result.total for result in results if result.status not in skipped]
    if totals:
        mean, median = in_points(statistics.mean(totals)), in_points(statistics.median(totals))
        out_of = in_points(assignment.out_of)
        print(f"of those who handed in: mean {mean}, median {median} of {out_of} points")
    if awaiting := _count_awaiting(results):
        print(f"answers that await marks: {awaiting}")
    if late := sum(result.late_hours > 0 for result in results):
        print(f"{late} late")
    if doubted := sum(bool(result.doubt) for result in results):
        _warn(f"{doubted} of {len(totals)} notebooks say that they are of another variant")
    fine = (model.OK, model.AWAITING, model.MISSING)
    odd = [result for result in results if result.attention or result.status not in fine]
    _print_list(
        "worth a look", [f"{r.student}: {r.status}: {shorten(explain(r), 300)}" for r in odd]
    )
    if strangers:
        missing = [row for row in roster if graded[row.student].status == model.MISSING]
        _print_list(
            "missing",
            [f"{row.student} (looked for: {row.folder or row.student})" for row in missing],
        )
    _print_list("not on the roster", strangers)
    variant = " ".join(f"{key}={value}" for key, value in assignment.parameters.items())
    print(f"seed {settings.seed}{f', variant {variant}' if variant else ''}")
    print(f"marks: {options.out}, feedback: {work.feedback}")


def _count_awaiting(results):
    return sum(q.status == model.AWAITING for result in results for q in result.questions)


def _print_list(title, lines):
    if not lines:
        return
    print(f"{title} ({len(lines)}):")
    for line in lines[:SHOWN]:
        print(f"  {line}")
    if len(lines) > SHOWN:
        print(f"  and {len(lines) - SHOWN} more")


def _warn(text):
    print(f"note: {text}", file=sys.stderr)


def answers(options):
    """Write the answers in words to a CSV."""
    results = WorkFolder(options.grades).read_results().values()
    awaiting = export_answers(results, options.out, anonymous=not options.names)
    print(f"{options.out}: answers that await marks: {awaiting}; to read them: "
          f"{options.out.with_suffix('.html')}")  # fmt: skip
    return 0


def merge(options):
    """Take over marks given by hand."""
    work = WorkFolder(options.grades)
    work.read_results()  # before a folder is made where nothing has been graded
    with work.lock():
        settings, before = work.read_settings(), work.read_results()
        assignment = load_assignment(settings["assignment"], settings["parameters"])
        students = [Student(**row) for row in settings["students"]]
        marks = read_marks(before.values(), options.answers)
        count = sum(map(len, marks.values()))
        if not count:
            raise GraderError(
                f"{options.answers}: no row has points; did you fill in another file?"
            )
        work.add_manual(before, marks)
        after = work.read_results()
        write_grades(options.grades, students, after, assignment)
        names = {student.student: student.name for student in students}
        for student, result in after.items():
            if result != before[student]:
                _hand_back(result, names, assignment, work, settings["book_url"])
    pairs = (zip(after[name].questions, before[name].questions, strict=True) for name in after)
    changed = sum(new != old for pair in pairs for new, old in pair)
    print(f"{options.grades}: {in_units(count, 'mark')} merged, {changed} of them new or changed; "
          f"answers that await marks: {_count_awaiting(after.values())}")  # fmt: skip
    return 0


def _read_final(options):
    """Return the assignment and the results where marks may leave the grader, as final as asked."""
    work = WorkFolder(options.grades)
    results = list(work.read_results().values())
    if not results:
        raise GraderError("there are no marks to export")
    problems = []
    if awaiting := _count_awaiting(results):
        problems.append(
            f"answers that await marks: {awaiting}. Run answers, mark them and merge, or add "
            "--allow-awaiting"
        )
    if failed := [result.student for result in results if result.status == model.FAILED]:
        students = in_units(len(failed), "student")
        problems.append(f"the grader failed with {students}: {', '.join(failed)}")
    if problems and not options.allow_awaiting:
        raise GraderError("; ".join(problems))
    settings = work.read_settings()
    return load_assignment(settings["assignment"], settings["parameters"]), results


def export(options):
    """Write the marks for Canvas or Moodle."""
    assignment, results = _read_final(options)
    roster = read_roster(options.roster, dues=False)
    title = options.title or assignment.title
    count = write_marks(
        options.to, results, roster, options.out, title, options.by, options.missing
    )
    print(f"{options.out}: {in_units(count, 'student')}")
    return 0


def gradebook(options):
    """Write the marks into nbgrader's gradebook."""
    # Here, for it takes a second and only this needs it.
    from coursework.grader.output.nbgrader_gradebook import write_gradebook

    assignment, results = _read_final(options)
    roster = read_roster(options.roster, dues=False) if options.roster else ()
    new = "" if options.db.exists() else " (new)"
    for note in write_gradebook(results, assignment, options.db, roster):
        _warn(note)
    print(f"{options.db}{new}: {in_units(len(results), 'student')}")
    return 0
