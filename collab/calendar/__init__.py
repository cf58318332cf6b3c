"""Working days: official holidays and closures, and the reckoning of due dates over them."""
