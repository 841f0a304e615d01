"""The graph: written once in graph.yaml, generated as dvc.yaml for DVC, resolved into stages for everything else."""

from stages.graph.resolved import Stage, Unreadable, ancestors, find, load, producer, supplies

__all__ = ["Stage", "Unreadable", "ancestors", "find", "load", "producer", "supplies"]
