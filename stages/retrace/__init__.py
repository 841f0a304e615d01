"""The auditor's command: what the engines do not see."""
