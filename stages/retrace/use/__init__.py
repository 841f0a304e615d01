"""One command: its answer and how it looks."""
