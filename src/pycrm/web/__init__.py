"""The pages: what people use in a browser, on a desk and on a telephone, with and without JavaScript.

Each page is a plain function of one `Visit` that gives an `Answer`; it opens a session of the visitor and
puts what that is told into a template. No page holds a rule of its own, and none knows SQLAlchemy.
"""

from pycrm.web.face import FACE
from pycrm.web.route import routes

__all__ = ["FACE", "routes"]
