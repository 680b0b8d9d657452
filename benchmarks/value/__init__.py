"""The same values three ways, by which the engine of scores is measured: SQL by hand, pandas, and hooks in Python.

They are those over what customers buy, cost and say: the feeds with nearly all of the facts.
"""
