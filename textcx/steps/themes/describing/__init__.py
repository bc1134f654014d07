"""What is said of a theme: its figures and its quotes."""
