"""The student `lora` on a tiny model: it learns, goes on where it stopped, answers, and peft loads it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import tilth
from tilth.students import Lora, TrainingProgress, TrainingSetting

torch = pytest.importorskip("torch", reason="no torch; install tilth[train]")
pytest.importorskip("transformers", reason="no transformers; install tilth[train]")

ROOT = Path(__file__).resolve().parents[2]
SQL = tilth.tasks.get(tilth.demo.seeds(1, task="sql").task)


@pytest.fixture
def student(tiny: Path) -> Lora:
    return Lora(str(tiny), steps=60, learning_rate=0.02, target="query", max_new_tokens=40, device="cpu")


def trained(student: Lora, rows: pl.DataFrame, folder: Path | None = None, **setting: object):
    return student.train_in(rows, 0, TrainingSetting(task=SQL, folder=folder, **setting))


def copied(model: Path, to: Path) -> Path:
    to.mkdir(parents=True)
    for file in model.iterdir():
        (to / file.name).write_bytes(file.read_bytes())
    return to


def test_it_learns_the_queries_of_its_rows(student: Lora, plant_rows: pl.DataFrame) -> None:
    heard: list[TrainingProgress] = []
    model = trained(student, plant_rows, report=heard.append)
    assert model.trained_on == 48
    assert model.skipped == 0
    assert model.course.losses[-1] < model.course.losses[0] / 3
    assert [one.step for one in heard] == sorted({one.step for one in heard})
    assert (heard[-1].step, heard[-1].steps) == (60, 60)
    answers = model.answers(plant_rows["question"].to_list())
    assert not any(one.cut_off for one in answers)  # the end of an answer is learnt too
    right = [
        SQL.read(response).answer == answer.text
        for response, answer in zip(plant_rows["response"], answers, strict=True)
    ]
    assert sum(right) > 24


def test_the_same_rows_and_random_state_give_the_same_answers(
    student: Lora, plant_rows: pl.DataFrame
) -> None:
    student = replace(student, steps=8)
    questions = plant_rows["question"].to_list()
    first, second = (trained(student, plant_rows).answer(questions) for _ in range(2))
    other = student.train_in(plant_rows, 1, TrainingSetting(task=SQL)).course.losses
    assert first == second
    assert trained(student, plant_rows).course.losses != other


def test_an_untrained_model_is_asked_the_same_way_and_cut_off_at_its_limit(student: Lora) -> None:
    model = replace(student, max_new_tokens=3).untrained(TrainingSetting(task=SQL))
    assert model.limited
    assert [one.cut_off for one in model.answers(["What is the price of Mint?"])] == [True]
    assert model.answers([]) == []


def test_a_batch_answers_as_each_question_alone_does(student: Lora, plant_rows: pl.DataFrame) -> None:
    model = trained(replace(student, steps=20), plant_rows)
    questions = [
        "What is the city of Fern?",
        "price?",
        "What is the month in which Moss and Ivy came, if any?",
    ]
    assert model.answer(questions) == [model.answer([question])[0] for question in questions]


def test_peft_loads_the_adapter(student: Lora, plant_rows: pl.DataFrame, tiny: Path, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", reason="no peft to load an adapter with")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = trained(student, plant_rows)
    folder = model.save(tmp_path / "adapter")
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    network = peft.PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(tiny), folder)
    question = plant_rows["question"][5]
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
    )
    tokens = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
    said = network.generate(**tokens, max_new_tokens=40, do_sample=False)
    text = tokenizer.decode(said[0, tokens.input_ids.shape[1] :], skip_special_tokens=True)
    assert text.strip() == model.answer([question])[0]


class _Interrupted(KeyboardInterrupt):
    pass


def test_an_interrupted_training_goes_on_to_the_same_end(
    student: Lora, plant_rows: pl.DataFrame, tmp_path: Path
) -> None:
    def interrupt(told: TrainingProgress) -> None:
        if told.step >= 30:
            raise _Interrupted

    whole = trained(student, plant_rows)
    with pytest.raises(_Interrupted):
        trained(student, plant_rows, tmp_path, report=interrupt)
    heard: list[int] = []
    resumed = trained(student, plant_rows, tmp_path, report=lambda told: heard.append(told.step))
    assert heard[0] > 30
    assert resumed.course.losses == whole.course.losses
    questions = plant_rows["question"].to_list()
    assert resumed.answer(questions) == whole.answer(questions)
    again = trained(student, plant_rows, tmp_path, report=lambda told: heard.append(-1))
    assert -1 not in heard  # it is over: nothing is trained a second time
    assert again.answer(questions) == whole.answer(questions)
    with pytest.raises(tilth.StudentError, match="holds a training of other rows or settings"):
        trained(student, plant_rows.head(8), tmp_path)


def test_a_broken_checkpoint_is_begun_anew(student: Lora, plant_rows: pl.DataFrame, tmp_path: Path) -> None:
    (tmp_path / "training.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{broken}")
    (tmp_path / "training.json").write_text("[1, 2", encoding="utf-8")
    student = replace(student, steps=4)
    assert len(trained(student, plant_rows, tmp_path).course.losses) == 4


def test_it_stops_early_and_takes_the_best(student: Lora, plant_rows: pl.DataFrame) -> None:
    """What cannot be learnt from the rows gets worse the better they are learnt."""
    unseen = [(f"What is the {word}?", f"SELECT {word[::-1]}, x{word} FROM t") for word in ("price", "stock")]
    model = trained(replace(student, patience=1), plant_rows, validation=unseen)
    best = min(loss for _, loss in model.course.validation)
    assert len(model.course.losses) < 60
    assert model.course.validation[-1][1] > best


def test_rows_without_the_target_and_too_long_ones_are_skipped(tiny: Path) -> None:
    student = Lora(str(tiny), steps=2, device="cpu")
    rows = pl.DataFrame(
        {
            "question": ["How much are 2 apples at $3?", "Why?", "How much are 4 and 5?", "q " * 4_000],
            "response": ["2 * 3 = 6\nThe answer is 6.", "No idea.", None, "1 + 1 = 2"],
        }
    )
    model = student.train_in(rows, 0, TrainingSetting(task=tilth.tasks.get("numeric")))
    assert (model.target, model.trained_on, model.skipped) == ("expression", 1, 2)


def test_an_expression_is_computed_and_a_response_is_kept() -> None:
    from tilth.students.language_model.targets import answered, learnt

    response = "16 of 114 are gone: 114 - 16 = 98\n98 * 4 = 392\nThe answer is 392."
    question = "There were 114 medals, 16 were thrown away, and the others sold for $4 each. How much?"
    numeric = tilth.tasks.get("numeric")
    assert learnt(question, response, "expression", numeric) == "(114 - 16) * 4"
    assert learnt(question, response, "answer", numeric) == "392"
    assert answered("(114 - 16) * 4", "expression") == "392"
    assert answered("7 - (2 - 3) / 4 = 9", "expression") == "7.25"
    assert answered("4 / 0", "expression") is None
    assert answered("many", "expression") is None
    assert answered(" So it is 5. ", "response") == "So it is 5."


def test_rows_that_teach_nothing_leave_the_model_as_it_is(tiny: Path) -> None:
    rows = pl.DataFrame({"question": ["Why?"], "response": ["No idea."]})
    setting = TrainingSetting(task=tilth.tasks.get("numeric"))
    model = Lora(str(tiny), device="cpu", max_new_tokens=5).train_in(rows, 0, setting)
    assert (model.trained_on, model.skipped, model.course.losses) == (0, 1, [])
    assert len(model.answer(["What is the price of Mint?"])) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"preset": "desktop"}, "preset='desktop' is unknown"),
        ({"target": "essay"}, "target='essay' is unknown"),
        ({"target": "query"}, "belongs to the task 'sql', not 'numeric'"),
        ({"steps": 0}, "steps=0: give a whole number from 1"),
        ({"learning_rate": 3}, "learning_rate=3: give a number above 0"),
        ({"learning_rate": "nan"}, "learning_rate='nan': give a number above 0"),
        ({"device": "cuda"}, "device='cuda': torch finds none"),
        ({"device": "tpu"}, "device='tpu' is unknown"),
        ({"model": 3}, "model=3: give a text"),
        ({"model": "nobody/nothing"}, "hf download nobody/nothing"),
    ],
)
def test_what_cannot_be_is_told(
    options: dict[str, object], said: str, tiny: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    rows = pl.DataFrame({"question": ["What are 2 and 3?"], "response": ["2 + 3 = 5"]})
    with pytest.raises((tilth.StudentError, tilth.ModelMissing), match=said):
        Lora(**{"model": str(tiny), **options}).train_in(
            rows, 0, TrainingSetting(task=tilth.tasks.get("numeric"))
        )


def test_a_broken_model_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}', encoding="utf-8")
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(tilth.StudentError, match=f"model {tmp_path.name}: transformers cannot load it"):
        Lora(str(tmp_path)).untrained(TrainingSetting())


@pytest.mark.parametrize("content", ["[1]", "nothing"])
@pytest.mark.parametrize("file", ["config.json", "tokenizer.json", "model.safetensors"])
def test_files_that_are_not_what_they_should_be_are_told(
    file: str, content: str, tiny: Path, tmp_path: Path
) -> None:
    copy = copied(tiny, tmp_path / "spoilt")
    (copy / file).write_text(content, encoding="utf-8")
    with pytest.raises(tilth.StudentError, match="model spoilt: transformers cannot load it"):
        Lora(str(copy)).untrained(TrainingSetting())


@pytest.mark.parametrize(
    "template",
    ["{{ raise_exception('not today') }}", "{% for %}", "no messages", "{{ messages[0].content | upper }}"],
)
def test_a_chat_template_that_cannot_be_used_is_told(template: str, tiny: Path, tmp_path: Path) -> None:
    copy = copied(tiny, tmp_path / "odd")
    (copy / "chat_template.jinja").write_text(template, encoding="utf-8")
    with pytest.raises(tilth.StudentError, match="model odd: its chat template cannot put a question"):
        Lora(str(copy)).untrained(TrainingSetting()).answer(["Why?"])


def test_an_answer_is_ended_by_a_token_and_never_by_text(tiny: Path, tmp_path: Path) -> None:
    """A template that begins the next answer unasked, behind a line's end that answers have, too."""
    from transformers import AutoTokenizer

    from tilth.students.language_model.chat import Chat

    copy = copied(tiny, tmp_path / "labelled")
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: "
    (copy / "chat_template.jinja").write_text(template, encoding="utf-8")
    assert Chat.of(AutoTokenizer.from_pretrained(copy)).end == "<|im_end|>"


def test_a_folder_that_cannot_be_used_is_told_before_it_trains(
    student: Lora, plant_rows: pl.DataFrame, tmp_path: Path
) -> None:
    def never(told: TrainingProgress) -> None:
        raise AssertionError("it trains")

    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(tilth.StudentError, match="no training can be kept there"):
        trained(student, plant_rows, tmp_path / "file", report=never)
    trained(replace(student, steps=1), plant_rows).save(tmp_path / "other")
    with pytest.raises(tilth.StudentError, match="holds another adapter"):
        trained(student, plant_rows, tmp_path / "other", report=never)


def test_its_identity_is_the_models_content_and_no_path(tiny: Path, tmp_path: Path) -> None:
    student = Lora(str(tiny))
    copy = copied(tiny, tmp_path / "elsewhere" / "tiny")
    assert Lora(str(copy)).identity() == student.identity()
    assert str(tiny.parent) not in str(student.identity())
    (copy / "config.json").write_text((copy / "config.json").read_text() + "\n", encoding="utf-8")
    assert Lora(str(copy)).identity() != student.identity()
    assert student.suited_to("numeric").identity() != student.suited_to("choice").identity()


def test_a_killed_training_goes_on_from_its_checkpoint(
    tiny: Path, plant_rows: pl.DataFrame, tmp_path: Path
) -> None:
    """The process is killed at once behind a checkpoint, as by the system for want of memory."""
    plant_rows.write_parquet(tmp_path / "rows.parquet")
    program = f"""
import os, signal, sys
from pathlib import Path
import polars as pl
import tilth
from tilth.students import Lora, TrainingSetting
from tilth.students.language_model import training

training._KEEP_SECONDS = 0.0
killed = len(sys.argv) > 1
def report(told):
    if killed and told.step >= 20:
        os.kill(os.getpid(), signal.SIGKILL)
    print(told.step, flush=True)
student = Lora({str(tiny)!r}, steps=40, learning_rate=0.02, target="query", device="cpu")
task = tilth.tasks.get(tilth.demo.seeds(1, task="sql").task)
setting = TrainingSetting(task, folder=Path({str(tmp_path / "t")!r}), report=report)
model = student.train_in(pl.read_parquet({str(tmp_path / "rows.parquet")!r}), 0, setting)
print(model.course.losses[-1])
"""

    def ran(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=300,
            env={**os.environ},
            check=False,
        )

    assert ran("kill").returncode == -signal.SIGKILL
    resumed = ran()
    assert resumed.returncode == 0, resumed.stderr
    *steps, loss = resumed.stdout.split()
    assert int(steps[0]) >= 20
    whole = replace(Lora(str(tiny), steps=40, learning_rate=0.02, target="query", device="cpu"))
    assert float(loss) == trained(whole, plant_rows).course.losses[-1]
