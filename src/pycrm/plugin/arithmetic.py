"""How decimals are rounded, which a hook may change for itself and not for those that come after it."""

from __future__ import annotations

from decimal import Context, getcontext, setcontext

__all__ = ["restored"]


def restored(context: Context, rules: tuple[int, str]) -> str:
    """Put the context of decimals back, with its precision and rounding, and say what was wrong, if anything."""
    if getcontext() is context and (context.prec, context.rounding) == rules:
        return ""
    setcontext(context)
    context.prec, context.rounding = rules
    return "it changed how decimals are rounded"
