"""ContrasFill: two codes, two contrastive losses."""
