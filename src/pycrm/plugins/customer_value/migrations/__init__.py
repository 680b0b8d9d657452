"""The migrations of customer_value; they stand for themselves and import nothing of pycrm."""
