"""The migrations of projects; they stand for themselves and import nothing of pycrm."""
