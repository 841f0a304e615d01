"""Results and what they rest on as a Workflow Run RO-Crate."""
