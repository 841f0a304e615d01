"""CollageGAN, a baseline: one code in the decoder of ContrasFill's network, no contrastive loss."""
