"""Marks a folder of submitted notebooks, each answer in its own sandbox.

`assignment` says what an assignment is made of; `marking` marks one notebook; `sandbox` and
`child` run the code of strangers; `running` takes a whole class through it. The commands are
in `cli`: ``python -m coursework.grader --help``.
"""
