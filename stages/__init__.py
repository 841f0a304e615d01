"""All code of the pipeline; README.md in this folder is its contract."""
