"""What goes out: marks, feedback, and files for other systems."""
