"""Encoders of known factors and scoring networks, all read by load.load_encoder."""
