"""Runs untrusted code in a separate process, under bubblewrap.

`host` starts the process and listens; `protocol` checks what it says; `policy` is what it may see
and do. `guest` is all of the grader that runs beside a student's code: nothing it says is trusted.
"""
