"""Assignments that go with the book, and the grader that marks them."""
