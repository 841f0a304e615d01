"""The known factor's direction in the baselines' latent spaces (supp §4.1), against ContrasFill's explicit space."""
