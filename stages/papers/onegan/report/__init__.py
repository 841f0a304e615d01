"""Tables, figures and verdicts of OneGAN."""
