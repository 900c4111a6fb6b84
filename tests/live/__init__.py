"""The Python side of the live figures, and the size of their modules."""
