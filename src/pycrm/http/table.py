"""The table of routes: from a path to what is done there, and the values of its parameters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import attrs

from pycrm.errors import DeclarationError
from pycrm.http.route import Route

__all__ = ["Place", "Table"]

_PARAMETER = re.compile(r"\{([a-z_]+)(?::[a-z]+)?\}")


@attrs.define
class Place:
    """One path: its routes by method, and what may follow."""

    routes: dict[str, Route] = attrs.field(factory=dict)
    words: dict[str, Place] = attrs.field(factory=dict)
    other: Place | None = None
    name: str = ""

    @property
    def methods(self) -> list[str]:
        """By what methods it may be asked."""
        return sorted({*self.routes, *(["HEAD"] if "GET" in self.routes else []), "OPTIONS"})


class Table:
    """Finds the place of a path word by word; a word of its own goes before a parameter."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Raises `DeclarationError` where two routes are for one path and method."""
        self._root = Place()
        for route in routes:
            place = self._placed(route)
            if route.method in place.routes:
                raise DeclarationError(f"{route.method} {route.path} is routed twice")
            place.routes[route.method] = route

    def _placed(self, route: Route) -> Place:
        place = self._root
        for word in route.path.split("/")[1:]:
            match = _PARAMETER.fullmatch(word)
            if match is None:
                place = place.words.setdefault(word, Place())
                continue
            place.other = place.other or Place(name=match[1])
            if place.other.name != match[1]:
                raise DeclarationError(f"{route.path}: the parameter is called {place.other.name} elsewhere")
            place = place.other
        return place

    def find(self, path: str) -> tuple[Place, Mapping[str, str]] | None:
        """The place of a path with its parameters; None where there is none. No path stands for another."""
        place, values = self._root, {}
        for word in path.split("/")[1:]:
            next_place = place.words.get(word)
            if next_place is None:
                next_place = place.other
                if next_place is None or not word:
                    return None
                values[next_place.name] = word
            place = next_place
        return (place, values) if place.routes else None
