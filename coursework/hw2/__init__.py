"""Assignment 2: the classifier. `hw2.md` is its master, `checks` what the grader asks."""
