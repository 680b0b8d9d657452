"""The policy matrix: who may do what with which record, executed for every operation and entity."""
