"""What is drawn: raw data for the demo (scenes), and the look of figures and tables."""
