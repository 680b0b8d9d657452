"""The migrations of supervision; they stand for themselves and import nothing of pycrm."""
