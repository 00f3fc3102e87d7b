"""Three records that the tests of seeds read from every kind of source, and the rows they give."""

from __future__ import annotations

RECORDS = [
    {"question": "How many eggs, 3 + 4?", "answer": "#### 7", "topic": "eggs"},
    {"question": "Wie viele Äpfel – 10 − 2?", "answer": "#### 8", "topic": None},
    {"question": 'She said "5, 6"\nand 7. Sum?', "answer": "#### 18", "topic": "sums"},
]
ROWS = [
    ("s0001", RECORDS[0]["question"], "#### 7", '{"topic": "eggs"}'),
    ("s0002", RECORDS[1]["question"], "#### 8", None),
    ("s0003", RECORDS[2]["question"], "#### 18", '{"topic": "sums"}'),
]
