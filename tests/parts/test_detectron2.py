"""The detectron2 adapter against a stand-in with the library's published interface."""

import hashlib
import pickle
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
