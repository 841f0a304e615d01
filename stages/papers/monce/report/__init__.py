"""Tables, figures and verdicts of MoNCE."""
