"""Marks a folder of submitted notebooks, each answer in its own sandbox.

`model` says what an assignment and a result are. `inbox` reads what comes in, `marking` marks one
notebook, `sandbox` runs untrusted code, `output` writes what goes out. `classroom` takes a whole
class through these on `workers`, and `store` remembers it between two runs. The commands are in
`cli`: ``python -m coursework.grader --help``.
"""
