"""Our statement in DuckDB beside SQL by hand and beside pandas, over the same facts, each in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import attrs
import duckdb

from benchmarks.timing import Timed, Used, used_by
from benchmarks.value import by_hand, said
from pycrm.scoring.duck import duck
from pycrm.scoring.measure import everybody
from pycrm.scoring.model import Item, ScoreModel
from pycrm.scoring.spoken import said as said_in_full
from pycrm.scoring.statement import Layers
from pycrm.scoring.weigh import judged, weigh

__all__ = ["MODEL", "Beside", "beside"]

MODEL = ScoreModel(
    "beside", 1, "Beside", said.ASPECTS, tuple(Item(code, 1.0, None, None) for code in said.CODES)
)
_HERE = Path(__file__).parent
# Sums of fractions differ by the order in which they are summed, and then ranks by a place.
_SAME, _SAME_POINTS = 1e-6, 0.01


@attrs.frozen
class Beside:
    """Medians: of our statement and that by hand alone, and of whole programs, ours and the one with pandas.

    Of the last there is none where pandas could not be installed.
    """

    ours: Timed
    by_hand: Timed
    program: Used
    by_pandas: Used | None


def beside(crm: Any, folder: Path, rounds: int, python: Path | None) -> Beside:
    """Write the facts down once, run all three in turn, and hold their tables against each other.

    Args:
        python: the one of the environment in which pandas is.

    Raises:
        AssertionError: they differ.
    """
    with crm.view(crm.system("writing facts down")) as session, duck(crm, said.TODAY) as ours:
        layers = Layers(crm.catalog, everybody(), whole=True, apart=True)
        judged(layers, MODEL, MODEL.items)
        weigh(layers, MODEL, MODEL.items)
        facts = layers.facts()
        ours.load(session.transaction, facts)
        for name in facts:
            ours.connection.execute(f"COPY {name} TO '{folder / name}.parquet' (FORMAT parquet)")
        text = said_in_full(layers.statement(), "duckdb", ours._moment)
    (folder / "ours.sql").write_text(text, "utf-8")
    (folder / "by_hand.sql").write_text(by_hand.statement(), "utf-8")
    (folder / "said.json").write_text(json.dumps(_told()), "utf-8")
    ours_, hand, theirs = [], [], []
    for _ in range(rounds):
        ours_.append(_duckdb(folder, "ours"))
        hand.append(_duckdb(folder, "by_hand"))
        if python is not None:
            theirs.append(used_by(str(_HERE / "by_pandas.py"), str(folder), python=str(python)))
    _compare(folder, ["by_hand", "by_pandas"] if theirs else ["by_hand"])
    alone = (_middle([Timed(one.own, one.own) for one in some]) for some in (ours_, hand))
    return Beside(*alone, _middle_of(ours_), _middle_of(theirs) if theirs else None)


def _told() -> dict[str, Any]:
    """What the program with pandas has to know of the model."""
    return {
        "today": said.TODAY.isoformat(),
        "months": [said.month(ago).isoformat() for ago in range(13)],
        "codes": said.CODES,
        "scales": {code: said.scale(code) for code in said.CODES},
        "aspects": said.ASPECTS,
        "bands": said.BANDS,
        "serving": said.SERVING,
        "self_service": said.SELF_SERVICE,
        "five_years": said.FIVE_YEARS,
    }


def _duckdb(folder: Path, name: str) -> Used:
    return used_by(str(_HERE / "by_duckdb.py"), str(folder), name)


def _compare(folder: Path, names: list[str]) -> None:
    """Equal values, and scores and grades, customer by customer."""
    with duckdb.connect(":memory:") as connection:
        for name in names:
            points = [f"p:{code}" for code in said.CODES] if name == "by_hand" else []
            wrong = list(_differences(connection, folder, name, [*said.CODES, *points]))
            assert not wrong, f"{name} differs from ours in {', '.join(wrong)}"


def _differences(connection: Any, folder: Path, name: str, columns: list[str]) -> Iterator[str]:
    files = f"read_parquet('{folder}/ours.parquet') a JOIN read_parquet('{folder}/{name}.parquet') b"
    source = f"{files} ON CAST(a.customer AS VARCHAR) = CAST(b.customer AS VARCHAR)"
    if name == "by_pandas":
        source = f"{files} ON a.customer = b.customer"
    told = [_differs(one) for one in columns]
    # A score that lies in the middle between two hundredths may fall to either side.
    told.append(
        "abs(a.crm_score_now - b.score) > 1 OR (a.crm_score_now IS NULL) <> (b.score IS NULL OR isnan(b.score::DOUBLE))"
    )
    told.append("a.crm_score_now = b.score AND a.crm_own_grade <> b.grade")
    counted = ", ".join(f"count(*) FILTER (WHERE {wrong})" for wrong in told)
    number, *found = connection.execute(f"SELECT count(*), {counted} FROM {source}").fetchone()
    assert number, f"no customer of {name} is one of ours"
    for one, so_many in zip([*columns, "score", "grade"], found, strict=True):
        if so_many:
            yield f"{one}: {so_many} of {number}"


def _differs(column: str) -> str:
    one, other = f'a."{column}"::DOUBLE', f'b."{column}"::DOUBLE'
    nothing = f"({one} IS NULL OR isnan({one})) <> ({other} IS NULL OR isnan({other}))"
    same = _SAME_POINTS if column.startswith("p:") else f"{_SAME} * greatest(1, abs({other}))"
    return f"{nothing} OR abs({one} - {other}) > {same}"


def _middle(runs: list[Timed]) -> Timed:
    return Timed(median(one.wall for one in runs), median(one.cpu for one in runs))


def _middle_of(runs: list[Used]) -> Used:
    middle = _middle([one.time for one in runs])
    return Used(middle, median(one.mebibytes for one in runs), runs[-1].own)
