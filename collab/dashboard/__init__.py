"""First screens: what waits for whom."""
