"""What the tests of code share: a check as they compare it, and code and tests that many of them use."""

from __future__ import annotations

from tilth.tasks import Code

ADD = "def add(a, b):\n    return a + b"
SUBTRACT = "def add(a, b):\n    return a - b"
HUMAN_EVAL = (
    "from typing import List\n\n"
    "def encode(text: str) -> str:\n    return text[::-1]\n\n"
    'def decode(text: str) -> str:\n    """Undoes encode."""\n'
)
CHECK = (
    "METADATA = {'author': 'x'}\n\n"
    "def check(candidate):\n    for text in ('abc', ''):\n        assert candidate(encode(text)) == text\n"
)


LACKING = {
    "import numpy as np\nassert np.allclose(1, 1)": "import 'numpy'",
    "import pytest\n@pytest.mark.slow\ndef test_a(): pass": "import 'pytest'",
    "from numpy.testing import *": "import 'numpy.testing'",
    "from numpy.testing import assert_equal\nassert_equal(1, 1)": "import 'numpy.testing'",
    "from .helper import near\nassert near(1, 1)": "import '.helper'",
    "def test_a():\n    import pandas\n    assert pandas": "import 'pandas'",
    "near = 1\nfor _ in 'a':\n    from helper import near\n    assert near(1, 1)": "import 'helper'",
    "with open('data.json') as file: assert file": "read the file 'data.json'",
    "assert open('a.txt', mode='rb').read()": "read the file 'a.txt'",
    "from pathlib import Path\nassert Path('a.txt').read_text()": "read the file 'a.txt'",
}


def check(code, tests, question=None):
    verdict = Code(run=True).check(f"```python\n{code}\n```", tests, question)
    assert verdict.answer == code
    assert verdict.score == {"accepted": 1.0, "rejected": 0.0, "unverified": None}[verdict.verdict]
    return verdict.verdict, verdict.reason, verdict.cause
