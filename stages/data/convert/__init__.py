"""Commands that bring a published set into the layout that a reader knows; no stage, run once by hand."""
