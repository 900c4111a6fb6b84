"""All of the grader that runs beside a student's code: shown in the sandbox, and never trusted.

The modules import one another by their plain names, since the sandbox has no package around them.
`codec` is also the host's, which decodes with it what comes out.
"""
