"""Tables, figures and verdicts of MsConD."""
