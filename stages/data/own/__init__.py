"""Photos of one's own, outside of the graph: which files count, what is refused, how they become squares."""
