"""Does everything agree? The whole log against itself, the versions against the events, the tables against the versions."""
