"""What every area stands on; knows no area and no HTTP."""
