"""What a student's code may see, use and ask of the kernel."""
