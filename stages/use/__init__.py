"""Trained models and measures without the graph: the code of the verbs sample and measure on files of one's own."""
