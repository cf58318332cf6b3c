"""The auditor's workspace and findings."""
