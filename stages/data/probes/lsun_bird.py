"""LSUN, birds."""

from stages.data.probes.lsun import probe

__all__ = ["probe"]
