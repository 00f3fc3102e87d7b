"""The dataset card: what it says of the rows, and that nothing in it is secret, or more than text."""

from __future__ import annotations

import polars as pl
import pytest
import yaml
from markdown_it import MarkdownIt
from tests.support.openai_server import Plan, serve

import tilth
from tilth.export import save

# What is told of a file is the business of the tests that look for it.
pytestmark = pytest.mark.filterwarnings("ignore::tilth.TilthWarning")

CANARY = "canary-3b1c9f70"
HOSTILE = "````\n```\n# Owned\n---\n<script>alert(1)</script>\n~~~\n| a | b |\n\x1b[31m [x](javascript:1)"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    seeds, teacher = tilth.demo.seeds(10), tilth.demo.teacher()
    path = tmp_path_factory.mktemp("run") / "grown.tilth"
    return tilth.generate_sync(
        seeds, "new-question", 60, teacher=teacher, path=path, checks=[tilth.checks.Agreement()]
    )


def _header(page):
    return yaml.safe_load(page.split("---\n")[1])


def test_a_folders_card_says_what_the_rows_are_and_leaves_the_license_to_the_user(run, tmp_path):
    folder = run.save(tmp_path / "out", format="datasets", validation=0.2)
    page = (folder / "README.md").read_text("utf-8")
    header = _header(page)
    assert header["license"] == "other"
    assert header["license_name"] == "not-chosen-yet"
    assert header["tags"] == ["synthetic", "tilth"]
    assert header["size_categories"] == ["n<1K"]
    assert header["task_categories"] == ["text-generation"]
    assert header["configs"][0]["data_files"] == [
        {"split": "train", "path": "data/train.parquet"},
        {"split": "validation", "path": "data/validation.parquet"},
    ]
    told = run.provenance()
    quality = run.quality
    for said in (
        "Strategy `new-question`",
        "Write a new question",
        "10 from `demo-seeds`, 10 of them with a reference",
        told["seeds"]["sha256"],
        told["identity_sha256"],
        "`agreement` (version `1`)",
        "**Simulated:**",
        "Budget: queries `60`",
        f"Spent: {run.progress.queries} queries",
        f"accepted: {quality.accepted} rows",
        "temperature `0.7`",
        "Solve the problem below step by step",
        "arXiv 2409.19759",
        "split by seed with random state 0",
        "compared with no test set",
    ):
        assert said in page
    assert str(tmp_path) not in page
    assert str(run.path.parent) not in page


def test_a_card_stands_beside_a_file_where_it_is_asked_for(run, tmp_path):
    run.save(tmp_path / "train.jsonl", format="chat")
    assert [path.name for path in tmp_path.iterdir()] == ["train.jsonl"]
    path = run.save(tmp_path / "train.jsonl", format="chat", split={"train": 0.7, "test": 0.3}, card=True)
    names = {"train.jsonl", "train.test.jsonl", "train.jsonl.README.md", "train.jsonl.manifest.json"}
    assert {entry.name for entry in tmp_path.iterdir()} == names
    page = path.with_name("train.jsonl.README.md").read_text("utf-8")
    assert _header(page)["configs"][0]["data_files"][1] == {"split": "test", "path": "train.test.jsonl"}
    folder = run.save(tmp_path / "out", format="trl", card=False)
    assert not (folder / "manifest.json").exists()
    assert (folder / "README.md").read_text("utf-8").startswith("# Rows for TRL")


def test_a_folder_with_a_card_is_known_again_and_loses_a_manifest_that_no_longer_holds(run, tmp_path):
    folder = run.save(tmp_path / "out", format="llama-factory")
    assert (folder / "manifest.json").exists()
    run.save(folder, format="llama-factory", card=False)
    assert not (folder / "manifest.json").exists()
    run.save(folder, format="llama-factory")
    assert "llamafactory-cli train sft.yaml" in (folder / "README.md").read_text("utf-8")
    three = run.save(tmp_path / "three", format="datasets", split={"train": 0.6, "a": 0.2, "b": 0.2})
    run.save(three, format="datasets")
    assert [path.name for path in (three / "data").iterdir()] == ["train.parquet"]


def test_curation_and_what_was_not_done_are_told(run, tmp_path):
    curated = tilth.curate.select(run.rows, 5)
    save(curated, tmp_path / "out", format="datasets", run=run)
    page = (tmp_path / "out" / "README.md").read_text("utf-8")
    refused = curated["reason"].str.starts_with("select").sum()
    assert f"`select` refused {refused} rows" in page
    assert "5 rows in `train`" in page
    assert "Near-duplicates were not looked for" in page
    save(curated, tmp_path / "out", format="datasets")
    assert "is not recorded here" in (tmp_path / "out" / "README.md").read_text("utf-8")


def test_no_key_no_address_and_no_path_is_in_it(tmp_path):
    with serve(plan=Plan(models=None)) as server:
        host = server.base_url.removeprefix("http://")
        teacher = tilth.Teacher(
            "/srv/secret-place/test-model.gguf",
            base_url=f"http://user:{CANARY}@{host}?code={CANARY}",
            headers={"X-Api-Key": CANARY},
            system=f"Be brief. api_key={CANARY}",
            price=tilth.Price(0.4, 1.6),
        )
        seeds = tilth.read_seeds(
            [{"question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(4)],
            name="/home/someone/private/seeds.jsonl",
        )
        task = tilth.tasks.Numeric(
            prompts={"answer": f"Key sk-{CANARY}. http://me:{CANARY}@h/p {{question}}"}
        )
        run = tilth.generate_sync(
            seeds,
            "answer-augmentation",
            tilth.Budget(queries=4, usd=1),
            teacher=teacher,
            task=task,
            path=tmp_path / "private-folder.tilth",
        )
    folder = run.save(tmp_path / "out", format="datasets", verdicts=("accepted", "rejected", "unverified"))
    for name in ("README.md", "manifest.json"):
        text = (folder / name).read_text("utf-8")
        assert CANARY not in text
        assert "secret-place" not in text
        assert "/home/someone" not in text
        assert host not in text
        assert str(tmp_path) not in text
    page = (folder / "README.md").read_text("utf-8")
    assert "`test-model.gguf`" in page
    assert "`seeds.jsonl`" in page
    assert "$0.4 and $1.6 a million prompt and reply tokens, by `user`" in page


def test_a_hostile_text_stays_text(tmp_path):
    async def model(messages, **settings):
        return "The answer is 3."

    seeds = tilth.read_seeds([{"question": "1 + 2?", "answer": "3"}], name=f"a`b {HOSTILE}")
    run = tilth.generate_sync(
        seeds,
        "answer-augmentation",
        1,
        teacher=tilth.Teacher(model, system=HOSTILE),
        task=tilth.tasks.Numeric(prompts={"answer": HOSTILE + " {question}"}),
        path=tmp_path / "h.tilth",
    )
    rows = run.rows.with_columns(
        keep=pl.lit(value=True), reason=pl.lit(None, pl.String), strategy=pl.lit(HOSTILE)
    )
    refused = rows.with_columns(keep=pl.lit(value=False), reason=pl.lit(f"select: {HOSTILE}"))
    save(pl.concat([rows, refused]), tmp_path / "out", format="datasets", run=run)
    page = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert set(_header(page)) == {
        "license", "license_name", "task_categories", "tags", "size_categories", "configs",
    }  # fmt: skip
    tokens = MarkdownIt("commonmark").parse(page.split("---\n", 2)[2])
    flat = [child for token in tokens for child in (token, *(token.children or ()))]
    assert not [token for token in flat if token.type.startswith(("html", "link", "image"))]
    assert "Owned" not in [token.content for token in tokens if token.type == "inline" and token.level == 1]
    assert sum("alert(1)" in token.content for token in tokens if token.type == "fence") == 2
    assert "\x1b" not in page
