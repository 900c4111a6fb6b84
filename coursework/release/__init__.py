"""Make the students' notebooks of the assignments from their masters.

``python -m coursework.release`` fills in the parameters of each master (Jinja), turns it into a
notebook (jupytext), and hands it to nbgrader: ``generate_assignment`` takes the solutions out,
and ``validate`` runs the version that has them, which must pass its own visible checks. What
nbgrader makes is what students get; nobody edits it by hand. `pages` makes the pages of
the book from it.

The same master gives the same bytes, whatever the day and the machine.
"""
