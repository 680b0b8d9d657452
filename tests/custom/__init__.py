"""Fields that administrators add at run time."""
