"""Long work: done in a thread of the server beside those that answer, and told of in the database.

What there is to do lies in the rooms above, as a function that says how far it has come. Who began it sees
that on any worker, after a restart too, may ask it to stop, and is told what came of it.
"""

from pycrm.work.book import ask_stop, enter_work, work_of, works
from pycrm.work.model import StoppedError, Work, WorkState
from pycrm.work.workshop import Act, Progress, Workshop

__all__ = [
    "Act",
    "Progress",
    "StoppedError",
    "Work",
    "WorkState",
    "Workshop",
    "ask_stop",
    "enter_work",
    "work_of",
    "works",
]
