"""Plugins: a table of contents for what is declared, hook methods for the moments.

>>> from pycrm.plugin import Plugin, hookimpl
>>> class Greeting(Plugin):
...     '''Greeting
...
...     Says who came.
...     '''
...     name = "greeting"
...     @hookimpl
...     def record_added(self, record):
...         print("welcome", record)
>>> Greeting().title
'Greeting'
"""

from pycrm.hooks import hookimpl
from pycrm.plugin.caller import HookCaller
from pycrm.plugin.errors import PluginDeclarationError, PluginError
from pycrm.plugin.job import Job
from pycrm.plugin.loading import InstalledPlugin, discover, load, required_by
from pycrm.plugin.model import API, CUSTOM, Plugin
from pycrm.plugin.offer import Banner, Finder, Hint, Menu, Panel, Screen, Tile
from pycrm.plugin.registry import Contents, LeftOut, Registry
from pycrm.plugin.report import Failure, Measure, Quarantine

__all__ = [
    "API",
    "CUSTOM",
    "Banner",
    "Contents",
    "Failure",
    "Finder",
    "Hint",
    "HookCaller",
    "InstalledPlugin",
    "Job",
    "LeftOut",
    "Measure",
    "Menu",
    "Panel",
    "Plugin",
    "PluginDeclarationError",
    "PluginError",
    "Quarantine",
    "Registry",
    "Screen",
    "Tile",
    "discover",
    "hookimpl",
    "load",
    "required_by",
]
