"""The two auto-encoder substitutes of the generative model."""
