"""The papers: one package each, with its methods."""
