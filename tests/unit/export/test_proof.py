"""An export is proven from its run: what is as it was written passes, and whatever was changed is told."""

from __future__ import annotations

import json
import shutil

import polars as pl
import pytest
from tests.unit.export.test_manifest import ROWS

import tilth
from tilth.export import FOLDERS, save
from tilth.export.manifest import digest_of, seal
from tilth.export.manifest.reading import manifest_of

# What is told of a file is the business of the tests that look for it.
pytestmark = pytest.mark.filterwarnings("ignore::tilth.TilthWarning")


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A run whose replies open with thoughts, and its file."""

    async def model(messages, **settings):
        number = messages[-1]["content"].split("What is ")[-1].split(" ")[0]
        return (
            f"<think>{number} and 1</think>One more is {int(number) + 1}.\nThe answer is {int(number) + 1}."
        )

    seeds = tilth.read_seeds([{"question": f"What is {n} + 1?", "answer": str(n + 1)} for n in range(12)])
    path = tmp_path_factory.mktemp("run") / "grown.tilth"
    return tilth.generate_sync(
        seeds, "answer-augmentation", 24, teacher=tilth.Teacher(model, system="Be brief."), path=path
    )


@pytest.fixture
def run(grown, tmp_path):
    """The same in a folder of the test's own."""
    return tilth.open_run(shutil.copy(grown.path, tmp_path / "grown.tilth"))


def _path(folder, format):
    ends = {"parquet": ".parquet", "csv": ".csv", "alpaca": ".json"}
    return folder / ("out" if format in FOLDERS else f"out{ends.get(format, '.jsonl')}")


@pytest.mark.parametrize("format", ROWS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"reasoning": "drop", "metadata": ["strategy", "task"], "validation": 0.25},
        {"answers": "only", "system": "Numbers only."},
    ],
    ids=["plain", "parted", "answers"],
)
def test_each_format_is_proven_with_the_options_it_was_saved_with(run, tmp_path, format, options):
    path = run.save(_path(tmp_path, format), format=format, card=True, **options)
    report = tilth.verify(path)
    assert (report.findings, report.notes) == ((), ())
    assert report.proven == report.rows == 24
    assert report.rebuilt == 24


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl", "chat", "datasets", "trl"])
def test_curated_rows_are_proven_but_for_the_columns_that_are_no_runs(run, tmp_path, format):
    curated = tilth.curate.select(run.rows, 9, random_state=4).reverse().with_columns(note=pl.lit("mine"))
    other = pl.DataFrame(
        {"question": ["Own?"], "response": ["Yes."], "verdict": ["accepted"], "keep": [True]}
    )
    rows = pl.concat([curated[:5], other, curated[5:]], how="diagonal")
    report = tilth.verify(save(rows, _path(tmp_path, format), format=format, run=run, card=True))
    assert report.ok
    assert (report.rows, report.proven) == (10, 9)
    assert "1 of its rows are of no run that is known" in report.notes[0]
    assert any("'note'" in note for note in report.notes) == (format not in ("chat", "trl"))


def test_what_a_user_may_edit_is_noted_and_what_a_trainer_adds_is_nothing(run, tmp_path):
    folder = run.save(tmp_path / "out", format="trl", validation=0.25)
    readme = folder / "README.md"
    readme.write_text(readme.read_text("utf-8").replace("license: other", "license: mit"), "utf-8")
    (folder / "trained").mkdir()
    (folder / "trained/model.safetensors").write_bytes(b"weights")
    report = tilth.verify(folder)
    assert report.ok
    assert report.notes == ("README.md was edited after it was written, and is not proven",)
    (folder / "data/more.jsonl").write_text("{}\n")
    assert "data/more.jsonl is not in manifest.json" in tilth.verify(folder).findings[0]


def _forge(path, change):
    """Changes a file's lines, and its manifest as one would who hides that."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    change(lines)
    path.write_bytes("".join(lines).encode())
    _reseal(path, lambda file: file.update(zip(("sha256", "bytes"), digest_of(path), strict=True)))


def _reseal(path, change):
    manifest = manifest_of(path)
    told = json.loads(manifest.read_text("utf-8"))
    change(told["files"][0])
    manifest.write_text(json.dumps({**told, "digest": seal(told)}), "utf-8")


def test_a_changed_row_is_told_by_its_line_though_the_digests_were_made_to_fit(run, tmp_path):
    path = run.save(tmp_path / "out.jsonl", format="chat", card=True)
    _forge(path, lambda lines: lines.__setitem__(2, lines[2].replace("One more", "Two more")))
    report = tilth.verify(path)
    assert not report.ok
    assert report.proven == 23
    [finding] = report.findings
    row = run.rows["row_id"][2]
    assert finding.startswith(f"out.jsonl line 3, row {row}: the response is not the run's: ")
    assert "Two more" in finding
    assert "One more" in finding


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: lines.pop(), "holds 23 rows, and the manifest names 24"),
        (lambda lines: lines.append(lines[0]), "holds 25 rows, and the manifest names 24"),
        (lambda lines: lines.insert(0, lines.pop()), "line 1, row"),
        (lambda lines: lines.__setitem__(0, "{\n"), "line 1 is no JSON"),
        (lambda lines: lines.__setitem__(0, "[" * 50_000 + "\n"), "line 1 is no JSON"),
        (lambda lines: lines.__setitem__(0, "[]\n"), "it is no JSON object"),
        (lambda lines: lines.__setitem__(0, lines[0][:-2] + ', "more": 1}\n'), "'more' is none of the run's"),
        (lambda lines: lines.__setitem__(0, lines[0].replace("user", "tool")), "other fields"),
        (
            lambda lines: lines.__setitem__(0, lines[0].replace("Be brief.", "Lie.")),
            "the system prompt is not",
        ),
    ],
)
def test_lines_that_are_no_longer_the_runs_are_told(run, tmp_path, change, told):
    path = run.save(tmp_path / "out.jsonl", format="chat", card=True)
    _forge(path, change)
    assert any(told in finding for finding in tilth.verify(path).findings)


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_a_changed_cell_of_a_table_is_told(run, tmp_path, format):
    rows = run.rows.with_columns(
        response=pl.when(pl.int_range(pl.len()) == 4).then(pl.lit("The answer is 9.")).otherwise("response")
    )
    findings = tilth.verify(save(rows, _path(tmp_path, format), card=True, run=run)).findings
    assert len(findings) == 1
    assert f"line 5, row {run.rows['row_id'][4]}: the response is not the run's" in findings[0]


def test_changed_bytes_a_missing_file_and_a_changed_manifest_are_told(run, tmp_path):
    path = run.save(tmp_path / "out.jsonl", format="chat", card=True, validation=0.25)
    data = path.read_bytes()
    path.write_bytes(data + b" ")
    assert "out.jsonl was changed after it was written" in tilth.verify(path).findings[0]
    path.write_bytes(data)
    manifest = manifest_of(path)
    text = manifest.read_text("utf-8")
    manifest.write_text(text.replace('"split": {', '"split": {"by": "hand", '), "utf-8")
    assert "its own digest does not fit" in tilth.verify(path).findings[0]
    manifest.write_text(text, "utf-8")
    (tmp_path / "out.validation.jsonl").unlink()
    assert "out.validation.jsonl is missing" in tilth.verify(path).findings[0]


def test_rows_that_a_run_lacks_or_refused_are_told(run, tmp_path):
    path = run.save(tmp_path / "out.jsonl", format="chat", card=True)
    _reseal(
        path, lambda file: file["row_ids"][0].update(rows=file["row_ids"][0]["rows"].replace("3 ", "99 ", 1))
    )
    assert f"row {run.id}:99:0 is not in its run's file" in tilth.verify(path).findings[0]
    rejected = run.rows.with_columns(verdict=pl.lit("rejected"))
    path = save(rejected, tmp_path / "bad.jsonl", "chat", verdicts="rejected", card=True, run=run)
    assert (
        "is accepted in its run, and the manifest says that none but rejected"
        in tilth.verify(path).findings[0]
    )


def test_another_runs_file_proves_nothing(run, tmp_path):
    path = run.save(tmp_path / "out.jsonl", format="chat", card=True)
    run.path.unlink()
    assert "the run's file grown.tilth is not beside the export" in tilth.verify(path).findings[0]
    seeds, teacher = tilth.demo.seeds(5), tilth.demo.teacher()
    other = tilth.generate_sync(seeds, "new-question", 10, teacher=teacher, path=tmp_path / "grown.tilth")
    assert "the run's file grown.tilth is not beside the export" in tilth.verify(path).findings[0]
    report = tilth.verify(path, run_file=other.path)
    assert "is not among those given" in report.findings[0]
    assert report.proven == 0


def test_a_run_whose_own_rows_were_changed_proves_nothing(run, tmp_path):
    import sqlite3

    path = run.save(tmp_path / "out.jsonl", format="chat", card=True)
    with sqlite3.connect(run.path) as file:
        file.execute("UPDATE rows SET response = 'The answer is 7.' WHERE unit = 1")
    file.close()
    findings = tilth.verify(path).findings
    assert any(finding.startswith("grown.tilth: ") for finding in findings)
    assert any("line 2" in finding for finding in findings)


def test_rows_of_two_runs_are_proven_from_both_files(run, tmp_path):
    seeds, teacher = tilth.demo.seeds(5), tilth.demo.teacher()
    other = tilth.generate_sync(seeds, "new-question", 10, teacher=teacher, path=tmp_path / "other.tilth")
    rows = pl.concat([run.rows[:3], other.rows, run.rows[3:]])
    folder = save(rows, tmp_path / "out", format="datasets", run=[run, other])
    report = tilth.verify(folder)
    assert report.ok
    assert (report.runs, report.proven) == (2, 29)
    for path in (run.path, other.path):
        path.rename(tmp_path / f"moved-{path.name}")
    assert tilth.verify(folder, run_file=list(tmp_path.glob("moved-*"))).proven == 29


def test_a_strangers_manifest_leads_to_no_other_file(run, tmp_path):
    folder = run.save(tmp_path / "out", format="trl")
    outside = tmp_path / "outside.jsonl"
    (folder / "data/train.jsonl").rename(outside)
    (folder / "data/train.jsonl").symlink_to(outside)
    assert "not a file below the manifest's folder" in tilth.verify(folder).findings[0]
    (folder / "manifest.json").write_text('{"manifest": 1}')
    assert "manifest.json is no manifest of an export" in tilth.verify(folder).findings[0]
    (folder / "manifest.json").unlink()
    with pytest.raises(tilth.TilthError, match=r"is a folder without manifest\.json"):
        tilth.verify(folder)
    with pytest.raises(tilth.TilthError, match=r"has no manifest beside it, outside\.jsonl\.manifest\.json"):
        tilth.verify(outside)
