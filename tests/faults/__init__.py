"""What breaks in operation, done on purpose to real processes: see README.md."""

#: What the product's timetable does every minute, or every few, is done so often here.
TICK_SECONDS = 3.0
