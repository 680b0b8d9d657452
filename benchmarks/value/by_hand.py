"""The same values, points, scores and grades by SQL that was written by hand for DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.value.said import ASPECTS, BANDS, CODES, FIVE_YEARS, TODAY, month, scale

__all__ = ["statement"]


def statement() -> str:
    """One row a customer: the values, the points, the score in hundredths and the grade."""
    values = (Path(__file__).parent / "by_hand.sql").read_text("utf-8")
    text = values.format(today=TODAY, year_of_months=month(11), five_years=FIVE_YEARS)
    scales = {code: scale(code) for code in CODES}
    ranked = [code for code in CODES if "percentile" in scales[code][0]]
    ranks = "".join(f", {_rank(code)}" for code in ranked)
    joins = " ".join(f'LEFT JOIN "r:{code}" ON "r:{code}".v = measured."{code}"' for code in ranked)
    points = ", ".join(f'{_points(code, *scales[code])} AS "p:{code}"' for code in CODES)
    means = ", ".join(f'{_mean(one)} AS "a:{one}"' for one in ASPECTS)
    over = " + ".join(f'coalesce("a:{one}" * {weight}, 0)' for one, weight in ASPECTS.items())
    under = " + ".join(
        f'CASE WHEN "a:{one}" IS NULL THEN 0 ELSE {weight} END' for one, weight in ASPECTS.items()
    )
    grades = " ".join(f"WHEN score >= {least * 100} THEN '{grade}'" for grade, least in BANDS)
    return (
        f"{text}{ranks}, pointed AS (SELECT measured.*, {points} FROM measured {joins}), "
        f"meant AS (SELECT *, {means} FROM pointed), "
        f"scored AS (SELECT *, floor(({over}) / nullif({under}, 0) * 100 + 0.5 + 1e-7)::BIGINT AS score FROM meant) "
        f"SELECT *, CASE {grades} ELSE 'unrated' END AS grade FROM scored"
    )


def _rank(code: str) -> str:
    counted = f'SELECT "{code}" AS v, count(*) AS n FROM measured WHERE "{code}" IS NOT NULL GROUP BY 1'
    share = "(sum(n) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING) * 100.0 - n * 50.0) / sum(n) OVER ()"
    return f'"r:{code}" AS (SELECT v, {share} AS share FROM ({counted}))'


def _points(code: str, said: dict[str, Any], on_none: str) -> str:
    ((kind, its),) = said.items()
    value = f'measured."{code}"'
    if kind == "percentile":
        told = f'"r:{code}".share' if its == "rising" else f'100 - "r:{code}".share'
    elif kind == "linear":
        low, high = (float(one) for one in its)
        line = f"({value} - {low!r}) * 100.0 / {high - low!r}"
        told = f"CASE WHEN {value} IS NULL THEN NULL ELSE least(greatest({line}, 0), 100) END"
    else:
        steps = " ".join(f"WHEN {value} >= {bound} THEN {float(points)!r}" for bound, points in its[::-1])
        told = f"CASE {steps} WHEN {value} IS NOT NULL THEN 0.0 END"
    if code in ("F11", "F13"):
        told = f'coalesce({told}, CASE WHEN "z:{code}" THEN 0.0 END)'
    return f"coalesce({told}, 0.0)" if on_none == "zero" else told


def _mean(aspect: str) -> str:
    """Every indicator weighs alike."""
    own = [f'"p:{code}"' for code in CODES if code[0] == aspect]
    over = " + ".join(f"coalesce({one}, 0)" for one in own)
    under = " + ".join(f"CASE WHEN {one} IS NULL THEN 0 ELSE 1 END" for one in own)
    return f"({over}) / nullif({under}, 0)"
