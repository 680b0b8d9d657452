"""How an installation is set: one TOML file and the environment, the same for server, jobs and command line.

Every setting has one name, such as ``serve.port``: in the file it is ``port`` under ``[serve]``, in the
environment ``PYCRM_SERVE_PORT``. What an option of the command line says counts before the environment, the
environment before the file, the file before the default. `KEYS` is the whole table; what is not in it is refused
with the name that comes nearest. Secrets stand in files of their own, which ``…_file`` names, or in the environment.
"""

from pycrm.settings.key import KEYS, Key
from pycrm.settings.loaded import Loaded, Value
from pycrm.settings.serving import application, http_settings, made_crm, trace
from pycrm.settings.source import FILE, load

__all__ = [
    "FILE",
    "KEYS",
    "Key",
    "Loaded",
    "Value",
    "application",
    "http_settings",
    "load",
    "made_crm",
    "trace",
]
