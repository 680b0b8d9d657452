"""Runs one statement over a folder of Parquet files in DuckDB and writes its table into it; a program of its own.

It says on its standard output how many milliseconds of processor time the statement took by itself, and how
many mebibytes the program held at most.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import duckdb


def main(folder: Path, name: str) -> None:
    """Copy the facts into memory, run the statement, write what it gives."""
    with duckdb.connect(":memory:", config={"preserve_insertion_order": "false"}) as connection:
        connection.execute(f"SET temp_directory = '{folder}'")
        # As pycrm keeps facts, whose program this is not: it shall not pay for what that imports.
        connection.execute("ATTACH ':memory:' AS crm (COMPRESS)")
        connection.execute("USE crm")
        for file in folder.glob("crm_*.parquet"):
            connection.execute(f"CREATE TABLE {file.stem} AS SELECT * FROM read_parquet('{file}')")
            connection.execute("CHECKPOINT")
        text = (folder / f"{name}.sql").read_text("utf-8")
        begun = time.process_time()
        connection.execute(f"CREATE TABLE made AS {text}")
        taken = (time.process_time() - begun) * 1000
        connection.execute(f"COPY made TO '{folder / name}.parquet' (FORMAT parquet)")
    print(taken, held())


def held() -> float:
    """The most memory this program has held: what the system says after a start counts the one that started it."""
    told = Path("/proc/self/status").read_text("ascii")
    return int(told.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
