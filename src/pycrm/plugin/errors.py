"""What goes wrong with plugins: at the start (all at once) and while a hook runs."""

from __future__ import annotations

from collections.abc import Iterable

from pycrm.errors import CRMError, DeclarationError, Problem

__all__ = ["PluginDeclarationError", "PluginError"]


class PluginDeclarationError(DeclarationError):
    """Plugins are declared in a way that cannot work; `problems` holds all that was found.

    Each problem's path begins with the plugin's name (``exam/records/Booking``), and its message
    names the places to look at, as file and line.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem with plugins" if count == 1 else f"{count} problems with plugins"
        super().__init__("\n- ".join([f"{head}:", *(each.message for each in self.problems)]))


class PluginError(CRMError):
    """A plugin's hook failed and the act was stopped; `__cause__` is what it raised, if anything.

    The message names plugin, hook, kind of failure and place, and no value: what an exception says
    may hold personal data, so only the cause itself does.
    """

    def __init__(self, plugin: str, hook: str, reason: str) -> None:
        super().__init__(f"plugin {plugin}, hook {hook}: {reason}")
        self.plugin = plugin
        self.hook = hook
        self.reason = reason
