"""Decontamination: rows that hold a question of a test set, and the report for each test question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tilth.arguments import kind_of, number_of, whole_number_of
from tilth.curate.steps import PLACE, Batches, curated, text_columns
from tilth.curate.texts import normalised, without_numbers
from tilth.seeds import Seeds

if TYPE_CHECKING:
    import polars as pl

    from tilth.curate.steps import Frame

    Test = pl.DataFrame | Seeds | Mapping[str, pl.DataFrame | Seeds]

STEP = "contamination"

_LEAST_TOKENS = 5
"""Tokens below which a question is found only in a row that says nothing else."""

_SHOWN_ROWS = 5


@dataclass(frozen=True)
class _Rule:
    """One way to find a question: the kind it is told as, the n-grams, and whether numbers count."""

    kind: str
    ngram: int
    numbers: bool


def contamination(
    rows: Frame,
    test: Test,
    *,
    ngram: int = 8,
    share: float = 0.5,
    numbers: bool = True,
    on: str | Sequence[str] = "question",
) -> Frame:
    """Refuses rows that hold a question of a test set, for what is trained on must not be measured.

    The rule is that of TULU 3 (arXiv 2411.15124): a test question is found in a row if more than `share` of
    its tokens lie in n-grams of 8 tokens that it shares with that one row. GPT-3 took 13 (arXiv 2005.14165).
    Tokens are words, numbers and signs of maths, in lower case and without punctuation. A question of fewer
    tokens than `ngram` must stand in the row whole; one of fewer than 5, alone. What is said in other words
    is not found.

    Args:
        rows: Rows, lazily or not.
        test: Test questions: a frame with `question`, seeds, or several of these by name. The column
            `question_id`, or `seed_id`, names them where there is one.
        ngram: Tokens in a row that must be the same.
        share: The share of a question's tokens above which it is found, from 0 to below 1.
        numbers: Whether a question with other numbers in it is found, too; such a row is told by the kind
            "numbers". Turn it off where all questions are made from few patterns.
        on: The columns whose texts are looked at. Answers are not, unless they are named.

    Returns:
        The rows with `score` (the largest share of a test question's tokens that the row holds, null where
        it shares no n-gram), `keep`, `reason`, `contaminates` (the id of that question), and
        `contamination_kind` ("n-gram" or "numbers").

    Raises:
        ValueError: A column is missing, the test set has no question, or a number makes no sense.
        TypeError: `rows` is no frame, or `test` neither frame nor seeds.

    Example:
        >>> test = tilth.demo.questions().head(20)
        >>> seeds = tilth.read_seeds([{"question": "Say this: " + test["question"][7]}], answer=None)
        >>> found = tilth.curate.contamination(seeds.frame, test)
        >>> found.select("keep", "contaminates", "contamination_kind").rows()
        [(False, 'same-test-007', 'n-gram')]
    """
    import polars as pl

    columns = text_columns(on)
    questions = _questions_of(test)
    rules = _rules(ngram, share, numbers)

    def find(batches: Batches) -> pl.DataFrame:
        found = pl.concat(_matches(batches(), columns, questions, rules))
        best = found.sort(PLACE, -pl.col("score"), "rule", "question", maintain_order=True)
        one = best.unique(PLACE, keep="first", maintain_order=True)
        refused = pl.col("score") > share
        words = pl.format(
            "it holds {} of the tokens of test question {}{}",
            (pl.col("score") * 100).round().cast(pl.Int64).cast(pl.String) + " %",
            pl.col("id"),
            pl.when(pl.col("kind") == "numbers").then(pl.lit(", with other numbers")).otherwise(pl.lit("")),
        )
        return one.select(
            PLACE,
            "score",
            keep=~refused,
            reason=words,
            contaminates=pl.when(refused).then("id"),
            contamination_kind=pl.when(refused).then("kind"),
        )

    return curated(rows, STEP, columns, find)


def leaks(
    rows: pl.DataFrame | pl.LazyFrame,
    test: Test,
    *,
    ngram: int = 8,
    share: float = 0.5,
    numbers: bool = True,
    on: str | Sequence[str] = "question",
) -> pl.DataFrame:
    """Which test questions are found in rows: the report beside `contamination`, by the same rule.

    Rows that are refused already, such as rejected ones, are not looked at.

    Args:
        rows: Rows, lazily or not.
        test: As `contamination` takes it, and likewise what follows.
        ngram: Tokens in a row that must be the same.
        share: The share of a question's tokens above which it is found.
        numbers: Whether a question with other numbers in it is found, too.
        on: The columns whose texts are looked at.

    Returns:
        A line for each test question, in their order: `id`, `question`, `found`, `kind` ("n-gram" before
        "numbers", null where it is not found), `score` (the largest share of its tokens in one row), `rows`
        (how many hold it) and `places` (which, from 0; the first 5).

    Raises what `contamination` raises.

    Example:
        >>> test = tilth.demo.questions().head(20)
        >>> report = tilth.curate.leaks(test.tail(3), test)
        >>> report["found"].sum(), report.height
        (3, 20)
    """
    import polars as pl

    columns = text_columns(on)
    questions = _questions_of(test)
    rules = _rules(ngram, share, numbers)
    found: list[pl.DataFrame] = []

    def find(batches: Batches) -> pl.DataFrame:
        found.append(pl.concat(_matches(batches(), columns, questions, rules)))
        return found[0].select(PLACE, "score", keep=pl.lit(value=True), reason=pl.lit("")).unique(PLACE)

    curated(rows.lazy(), STEP, columns, find)
    by_question = (
        found[0]
        .filter(pl.col("score") > share)
        .sort("rule", -pl.col("score"), PLACE)
        .group_by("question", maintain_order=True)
        .agg(
            pl.col("kind").first(),
            pl.col("score").max(),
            pl.col(PLACE).n_unique().cast(pl.Int64).alias("rows"),
            pl.col(PLACE).unique(maintain_order=True).head(_SHOWN_ROWS).alias("places"),
        )
    )
    report = questions.select("id", pl.col("text").alias("question"), number="question")
    joined = report.join(
        by_question, left_on="number", right_on="question", how="left", maintain_order="left"
    )
    return joined.select(
        "id",
        "question",
        pl.col("kind").is_not_null().alias("found"),
        "kind",
        "score",
        pl.col("rows").fill_null(0),
        pl.col("places").fill_null([]),
    )


def _rules(ngram: int, share: float, numbers: bool) -> tuple[_Rule, ...]:
    if whole_number_of(ngram, "ngram") < 1:
        raise ValueError(f"ngram is {ngram}; pass 1 or more, such as 8 or 13")
    if not 0 <= number_of(share, "share") < 1:
        raise ValueError(f"share is {share}; pass 0 to below 1, such as 0.5")
    rules = (_Rule("n-gram", ngram, numbers=True), _Rule("numbers", ngram, numbers=False))
    return rules if numbers else rules[:1]


def _questions_of(test: Test) -> pl.DataFrame:
    """Test questions as `question` (a number from 0), `id` and `text`."""
    import polars as pl

    named = test if isinstance(test, Mapping) else {"": test}
    frames = []
    for name, given in named.items():
        frame = given.frame if isinstance(given, Seeds) else given
        if not isinstance(frame, pl.DataFrame):
            raise TypeError(f"test is {kind_of(given)}; pass a frame with the column question, or seeds")
        if "question" not in frame.columns:
            raise ValueError(
                f"test: column 'question' is missing; it has {', '.join(frame.columns[:20]) or 'none'}"
            )
        own = next((column for column in ("question_id", "seed_id") if column in frame.columns), None)
        ids = pl.col(own).cast(pl.String) if own else pl.int_range(pl.len()).cast(pl.String)
        prefix = f"{name}: " if name else ""
        frames.append(frame.select(id=pl.lit(prefix) + ids, text=pl.col("question").cast(pl.String)))
    whole = pl.concat(frames) if frames else pl.DataFrame(schema={"id": pl.String, "text": pl.String})
    if whole.is_empty():
        raise ValueError("test has no questions")
    return whole.with_row_index("question")


def _matches(
    batches: Iterable[pl.DataFrame],
    columns: Sequence[str],
    questions: pl.DataFrame,
    rules: Sequence[_Rule],
) -> Iterator[pl.DataFrame]:
    """What each row shares with each test question, by each rule: the share of the question's tokens."""
    import polars as pl

    indices = [_Index.of(questions, rule) for rule in rules]
    for batch in batches:
        text = pl.concat_str(
            [pl.col(name).cast(pl.String) for name in columns], separator=" ", ignore_nulls=True
        )
        plain = batch.select(PLACE, text=normalised(text))
        for place, (rule, index) in enumerate(zip(rules, indices, strict=True)):
            found = index.shared(
                plain if rule.numbers else plain.with_columns(without_numbers(pl.col("text")))
            )
            named = found.join(questions.select("question", "id"), on="question")
            yield named.select(
                PLACE,
                "question",
                "id",
                "score",
                kind=pl.lit(rule.kind),
                rule=pl.lit(place, pl.Int32),
            )


@dataclass(frozen=True)
class _Index:
    """The n-grams of all test questions, and where they stand.

    Attributes:
        grams: By the length of the n-grams: `gram`, `question` and `at`.
        tokens: By question, how many tokens it has.
    """

    grams: Mapping[int, pl.DataFrame]
    tokens: pl.DataFrame

    @classmethod
    def of(cls, questions: pl.DataFrame, rule: _Rule) -> _Index:
        import polars as pl

        text = normalised(pl.col("text"))
        plain = questions.select("question", text=text if rule.numbers else without_numbers(text))
        counted = plain.with_columns(tokens=pl.col("text").str.count_matches(" ") + 1)
        counted = counted.filter(pl.col("text") != "")
        length = pl.min_horizontal("tokens", pl.lit(rule.ngram))
        grams = {}
        for (n,), part in counted.with_columns(n=length).group_by("n"):
            grams[int(n)] = _grams(part.select("question", "text"), "question", int(n))
        return cls(grams, counted.select("question", pl.col("tokens").cast(pl.Int64)))

    def shared(self, plain: pl.DataFrame) -> pl.DataFrame:
        """The share of each question's tokens that lie in n-grams shared with each row, where any do."""
        import polars as pl

        parts = [
            _grams(plain, PLACE, n)
            .select(PLACE, "gram")
            .unique()
            .join(own, on="gram")
            .sort(PLACE, "question", "at")
            # a token counts once, though several n-grams cover it
            .with_columns(
                covered=(pl.col("at").shift(-1).over(PLACE, "question") - pl.col("at"))
                .fill_null(n)
                .clip(0, n)
            )
            .group_by(PLACE, "question")
            .agg(pl.col("covered").sum())
            for n, own in self.grams.items()
        ]
        schema = pl.Schema({PLACE: pl.UInt32, "question": pl.UInt32, "covered": pl.Int64})
        found = pl.concat([part.cast(schema) for part in parts]) if parts else pl.DataFrame(schema=schema)
        long = plain.select(PLACE, of_row=pl.col("text").str.count_matches(" ") + 1)
        return (
            found.join(self.tokens, on="question")
            .join(long, on=PLACE)
            .filter((pl.col("tokens") >= _LEAST_TOKENS) | (pl.col("tokens") == pl.col("of_row")))
            .select(PLACE, "question", score=pl.col("covered") / pl.col("tokens"))
        )


def _grams(plain: pl.DataFrame, by: str, n: int) -> pl.DataFrame:
    """The n-grams of normalised texts: `by`, `gram`, and `at`, the number of its first token."""
    import polars as pl

    tokens = plain.select(by, token=pl.col("text").str.split(" ")).explode("token")
    tokens = tokens.with_columns(at=pl.int_range(pl.len(), dtype=pl.Int64).over(by))
    gram = pl.concat_str([pl.col("token").shift(-k) for k in range(n)], separator=" ")
    return (
        tokens.with_columns(gram=gram)
        .filter((pl.col(by).shift(-(n - 1)) == pl.col(by)).fill_null(value=False))
        .select(by, "gram", "at")
    )
