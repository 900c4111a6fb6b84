"""What comes in: the roster, CSV files that teachers write, and each student's notebook."""
