"""LSUN, kitchens."""

from functools import partial

from stages.data.probes import lsun

probe = partial(lsun.probe, prefer="kitchen_train_lmdb")
