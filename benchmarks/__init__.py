"""How fast pycrm is, beside hand-written statements on the driver and beside other libraries.

``python -m benchmarks --help`` tells how to run them; docs/explanation/speed.md what they mean.
"""
