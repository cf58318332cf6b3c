"""Joint-service proposals and the opinions of councils."""
