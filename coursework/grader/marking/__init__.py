"""From the bytes of a notebook to its marks.

`grade` is what a worker runs; `notebook`, `magics` and `free_response` read; `question` marks one
question; `compare` and `recognize` are what the assignments build their checks from. The marks of
a notebook are kept as long as nothing in this folder changes, see `grade.source_version`.
"""
