"""A small database of plants and orders that the tests of the SQL task share, for SQLite and DuckDB."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

TABLES = """
CREATE TABLE plants (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price DOUBLE, stock INTEGER);
CREATE TABLE orders (number INTEGER PRIMARY KEY, plant INTEGER REFERENCES plants (id), pieces INTEGER);
"""
PLANTS = [(1, "oak", 12.5, 3), (2, "fir", 7.1, 0), (3, "elm", 7.2, 8), (4, "yew", None, 8)]
ORDERS = [(1, 1, 2), (2, 1, 1), (3, 3, 4)]

Rows = Iterable[tuple[object, ...]]


def sqlite(path: Path, plants: Rows = PLANTS, orders: Rows = ORDERS) -> Path:
    """Makes the database as a SQLite file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)
        connection.executemany("INSERT INTO plants VALUES (?, ?, ?, ?)", plants)
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", orders)
        connection.commit()
    return path


def duckdb(path: Path, plants: Rows = PLANTS, orders: Rows = ORDERS) -> Path:
    """Makes the database as a DuckDB file."""
    import duckdb as library

    with library.connect(str(path)) as connection:
        connection.execute(TABLES)
        connection.executemany("INSERT INTO plants VALUES (?, ?, ?, ?)", list(plants))
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", list(orders))
    return path
