"""The migrations of segments; they stand for themselves and import nothing of pycrm."""
