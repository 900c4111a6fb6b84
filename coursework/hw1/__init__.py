"""Assignment 1: the functions. `hw1.md` is its master, `checks` what the grader asks."""
