"""Plugins that come with pycrm, written only against its public names."""
