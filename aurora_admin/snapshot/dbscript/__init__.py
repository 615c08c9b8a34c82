"""The SQL text in snapshots of releases 0.13 to 0.18: parse it, rebuild records from it, merge them in."""
