"""Plans of a joint service: objectives, indicators, budget."""
