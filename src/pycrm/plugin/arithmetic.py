"""How decimals are rounded, which a hook may change for itself and not for those that come after it."""

from __future__ import annotations

from decimal import getcontext, setcontext

__all__ = ["Arithmetic"]


class Arithmetic:
    """The rules of decimals as they are now, to be put back."""

    __slots__ = ("context", "precision", "rounding")

    def __init__(self) -> None:
        context = self.context = getcontext()
        self.precision, self.rounding = context.prec, context.rounding

    def left(self) -> str:
        """What is wrong with the rules that a hook leaves behind, if anything; they are put back."""
        context = self.context
        if getcontext() is context and (context.prec, context.rounding) == (self.precision, self.rounding):
            return ""
        setcontext(context)
        context.prec, context.rounding = self.precision, self.rounding
        return "it changed how decimals are rounded"
