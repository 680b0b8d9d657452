"""The migrations of core; they stand for themselves and import nothing of pycrm."""
