"""The REST face: every record of core and plugins under ``/api/v1``, from its declaration.

Handlers only translate: an address and a body into a verb of the session, what the verb answers into
JSON. A kind of record that a plugin declares appears here without a further line.
"""

from pycrm.api.table import FACE, routes

__all__ = ["FACE", "routes"]
