"""What makes and checks parts of the book: the reference notebooks, the page of frameworks."""
