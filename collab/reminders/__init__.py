"""Rules, due rows, claims and deliveries; areas above register what can be due."""
