"""The contrastive losses under one name, as the shared checks take them."""

from types import SimpleNamespace

from stages.losses import matching, patch_nce, self_similarity, topk, transport, weighting

PARTS = SimpleNamespace()
for module in (weighting, topk, transport, patch_nce, self_similarity, matching):
    vars(PARTS).update({name: value for name, value in vars(module).items() if not name.startswith("_")})
