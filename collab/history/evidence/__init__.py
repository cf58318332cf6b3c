"""Evidence to be taken away: a ZIP of plain files that one Python file verifies without this server. Knows ids, not people."""
