"""The command line: `tilth demo`, `generate`, `resume`, `show`, `export`, `verify` and further commands."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from decimal import Decimal
from importlib import import_module
from typing import Any

DONE, FAILED, USAGE, ABORTED = 0, 1, 2, 130

_FORMATS = (
    "parquet, chat, prompt-completion, sharegpt, alpaca, csv or jsonl, else by the file's ending; datasets, "
    "trl, axolotl or llama-factory make a folder"
)


class UsageError(Exception):
    """The command was not given what it needs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Returns the exit code: 0 done (or stopped as asked), 1 failed, 2 a wrong command line, 130 aborted.
    """
    options = _parser().parse_args(arguments)
    warnings.showwarning = _told(warnings.showwarning)
    try:
        # A command's own modules are loaded only when it runs, so that `tilth --help` is quick.
        command = getattr(import_module(options.module), options.command.replace("-", "_"))
        return int(command(options))
    except KeyboardInterrupt:
        sys.stderr.write("tilth: aborted\n")
        return ABORTED
    except BrokenPipeError:
        # Who reads our output has seen enough; nothing more may be written, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if options.debug:
            raise
        from tilth.cli.wording import in_options
        from tilth.jupyter.secrets import without_secrets

        told = in_options(without_secrets(str(error) or type(error).__name__))
        sys.stderr.write(f"tilth: {told}\n")
        return USAGE if isinstance(error, UsageError) else FAILED


def _told(usual: Callable[..., None]) -> Callable[..., None]:
    """Shows what Tilth warns of as a line; other warnings as they are shown."""

    def show(message: Warning | str, category: type[Warning], *where: Any) -> None:
        from tilth.cli.wording import in_options
        from tilth.errors import TilthWarning
        from tilth.printable import printable

        if issubclass(category, TilthWarning):
            sys.stderr.write(f"note: {in_options(printable(message, 2_000))}\n")
        else:
            usual(message, category, *where)

    return show


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tilth",
        description="Grows a small seed instruction set into fine-tuning data.",
        epilog="Ctrl-C stops a run: started units finish. A second aborts it. Both can be resumed.",
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, module: str, about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=about, description=about)
        command.add_argument("--debug", action="store_true", help="show the whole traceback of an error")
        command.set_defaults(module=f"tilth.cli.{module}")
        return command

    demo = add("demo", "demo", "Grow rows from the demo's seeds with each strategy; no key, no network.")
    demo.add_argument(
        "--task", default="numeric", choices=("numeric", "sql"), help="what is asked (%(default)s)"
    )
    demo.add_argument("--out", default="tilth-demo", metavar="DIR", help="where the files go (%(default)s)")
    demo.add_argument(
        "--local",
        nargs="?",
        const="",
        metavar="MODEL",
        help="ask a language model on this machine instead of the simulation; the one installed if not named",
    )

    generate = add("generate", "generate", "Grow rows from seeds of your own.")
    generate.add_argument(
        "seeds", metavar="SEEDS", help="JSONL, JSON, CSV, Excel or Parquet, or an hf:// path"
    )
    generate.add_argument("--question", default="question", help="name of the question column (%(default)s)")
    generate.add_argument("--answer", default="answer", help="name of the answer column (%(default)s)")
    generate.add_argument("--no-answer", action="store_true", help="grow without reference answers")
    generate.add_argument(
        "--context", metavar="NAMES", help="columns that belong to the question; '' for none (known ones)"
    )
    generate.add_argument("--encoding", help="the encoding of a text file, where it is not UTF-8")
    generate.add_argument("--skip-faults", action="store_true", help="leave out seeds that cannot be used")
    generate.add_argument("--keep-duplicates", action="store_true", help="keep questions that stand twice")
    generate.add_argument(
        "--task",
        default="numeric",
        help="numeric, choice, sql, code or open-ended: how answers are put, read and checked (%(default)s)",
    )
    generate.add_argument("--strategy", default="new-question", help="how rows are grown (%(default)s)")
    generate.add_argument(
        "--validation",
        metavar="FILE",
        help="questions with answers that --strategy adaptive decides by, with the seeds' column names",
    )
    generate.add_argument(
        "--student", metavar="NAME", help="who is trained for --strategy adaptive; the task's usual one"
    )
    teacher = generate.add_mutually_exclusive_group(required=True)
    teacher.add_argument("--model", help="the teacher: a model the endpoint serves")
    teacher.add_argument(
        "--local",
        nargs="?",
        const="",
        type=_local,
        metavar="MODEL",
        help="or a model on this machine: a GGUF file, or one installed; the one there is if not named",
    )
    generate.add_argument(
        "--writer", metavar="MODEL", help="writes and rephrases questions; else the teacher does"
    )
    generate.add_argument(
        "--writer-base-url", metavar="URL", help="the writer's endpoint; --base-url if not given"
    )
    generate.add_argument("--temperature", type=_number, metavar="X", help="sampling temperature (0.7)")
    generate.add_argument("--system", metavar="TEXT", help="a system prompt for teacher and writer")
    generate.add_argument(
        "--checks",
        metavar="NAMES",
        help="checks that ask, in this order, such as answerable,agreement; or resolve",
    )
    generate.add_argument(
        "--structured",
        choices=("schema", "json_object", "tags"),
        help="how models give structured replies; found out if not given",
    )
    generate.add_argument("--judge", metavar="MODEL", help="a model that scores each row, after the checks")
    generate.add_argument(
        "--judge-base-url", metavar="URL", help="the judge's endpoint; --base-url if not given"
    )
    generate.add_argument(
        "--rubric", help="what it scores by: helpfulness, faithfulness or style (helpfulness)"
    )
    generate.add_argument("--random-state", type=int, default=0, metavar="N")
    generate.add_argument(
        "--out", metavar="FILE.tilth", help="the run's file; made from seeds and strategy if not given"
    )

    resume = add("resume", "resume", "Go on with a run where it stopped.")
    resume.add_argument("file", metavar="FILE.tilth")
    resume.add_argument("--local", metavar="MODEL", help="where a model on this machine lies now")

    for command in (generate, resume):
        command.add_argument(
            "--base-url",
            metavar="URL",
            help="the endpoint; if not given, $OPENAI_BASE_URL or OpenAI's, to resume the run's own",
        )
        command.add_argument(
            "--patience",
            type=_number,
            default=600.0,
            metavar="SECONDS",
            help="of nothing but failures, after which the run fails (%(default)g)",
        )
        command.add_argument(
            "--concurrency", type=_whole, metavar="N", help="calls in flight, at most (32; 4)"
        )
        command.add_argument(
            "--timeout", type=_number, metavar="S", help="seconds for a whole call (120; 600)"
        )
        command.add_argument(
            "--max-tokens",
            type=_whole,
            metavar="N",
            help="limit on a reply, reasoning included (2048; 512 with --local)",
        )
        command.add_argument(
            "--context-tokens",
            type=_whole,
            metavar="N",
            help="with --local: tokens that a prompt and its reply have together, at most (4096)",
        )
        command.add_argument(
            "--price", type=_price, metavar="P,C", help="dollars per million prompt and reply tokens: 0.4,1.6"
        )
        command.add_argument("--queries", type=_whole, metavar="N", help="limit on completed model calls")
        command.add_argument(
            "--tokens", type=_whole, metavar="N", help="limit on tokens of prompts and replies together"
        )
        command.add_argument("--usd", type=_dollars, metavar="X", help="limit in US dollars")
        command.add_argument(
            "--rows",
            type=_whole,
            metavar="N",
            help="goal within the limits: stop at so many kept rows",
        )
        command.add_argument(
            "--reuse",
            action="append",
            metavar="FILE.tilth",
            help="take over what this file's run asked and paid already; again for further files",
        )
        command.add_argument("--save", metavar="PATH", help="write the rows here when the run ends")
        command.add_argument(
            "--verdicts", type=_verdicts, metavar="NAMES", help="rows to save (accepted,unverified)"
        )
        command.add_argument("--format", help=_FORMATS)
        command.add_argument("--yes", action="store_true", help="spend real dollars without asking")

    show = add("show", "show", "Show what the file of a run, or of a study, holds.")
    show.add_argument("file", metavar="FILE.tilth")
    show.add_argument("--run", metavar="ID", help="one run of a study")
    show.add_argument(
        "--rows", type=_whole, default=10, metavar="N", help="how many rows to list (%(default)s)"
    )

    export = add("export", "export", "Write the rows of a run's file for training.")
    export.add_argument("file", metavar="FILE.tilth")
    export.add_argument("to", metavar="PATH", help="the file, or folder, to write; a file there is replaced")
    export.add_argument("--run", metavar="ID", help="one run of a study")
    export.add_argument("--format", help=_FORMATS)
    export.add_argument(
        "--verdicts", type=_verdicts, metavar="NAMES", help="rows to write (accepted,unverified)"
    )
    export.add_argument(
        "--reasoning",
        choices=("inline", "drop", "field"),
        help="where a model's thinking goes: into the answer, nowhere, or a field of its own (inline)",
    )
    export.add_argument(
        "--answers", choices=("full", "only"), help="whole answers, or only what was read of them (full)"
    )
    system = export.add_mutually_exclusive_group()
    system.add_argument("--system", metavar="TEXT", help="a system prompt in place of the rows' own")
    system.add_argument("--no-system", action="store_true", help="leave system prompts out")
    export.add_argument(
        "--metadata", metavar="NAMES", help="columns to put in front of 9 in 10 questions: strategy,task"
    )
    export.add_argument("--model", help="the model that a trainer's folder names")

    verify = add(
        "verify",
        "files",
        "Check a file: its sums, its rows against the replies; or an export against its run.",
    )
    verify.add_argument(
        "file", metavar="FILE", help="FILE.tilth, a folder for training, or a training file with its manifest"
    )
    verify.add_argument(
        "--run-file",
        action="append",
        metavar="FILE.tilth",
        help="for an export: its run's file, where it does not lie beside it; again for further runs",
    )

    for command in (generate, resume, verify):
        command.add_argument(
            "--database",
            action="append",
            metavar="FILE",
            help="for task sql: the SQLite or DuckDB file; again for further states of it",
        )

    for command in (resume, verify):
        command.add_argument(
            "--run", action="store_true", help="for task code: run the code of the file's replies, confined"
        )

    copy = add("copy", "files", "Copy a file as it stands, though a run is at work on it.")
    copy.add_argument("file", metavar="FILE.tilth")
    copy.add_argument("to", metavar="TO", help="a file that is not there yet, or a folder")

    lab = add("lab", "lab", "Open JupyterLab on the first notebook.")
    lab.add_argument(
        "--dir", default="tilth-notebooks", metavar="DIR", help="where your copy goes (%(default)s)"
    )
    lab.add_argument("--port", type=_whole, help="the port JupyterLab listens on")
    lab.add_argument("--no-browser", action="store_true", help="print the address instead of opening it")
    lab.add_argument(
        "jupyter", nargs="*", metavar="-- ARG", help="handed to JupyterLab: `tilth lab -- --allow-root`"
    )

    add("doctor", "doctor", "Say what is wrong where a widget stays blank or a kernel does not answer.")
    return parser


class _Version(argparse.Action):
    """Prints the version; read only when asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import tilth

        sys.stdout.write(f"tilth {tilth.__version__}\n")
        parser.exit()


def _local(text: str) -> str:
    from tilth.seeds.sources.files import SUFFIXES

    if text.startswith("hf://") or text.lower().endswith(SUFFIXES):  # `--local SEEDS` takes SEEDS for its own
        raise argparse.ArgumentTypeError(f"{text!r} is no model; put the seeds before --local")
    return text


def _whole(text: str) -> int:
    value = int(text) if text.isdecimal() else -1
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return value


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of 0 or more")
    return value


def _price(text: str) -> object:
    from tilth.teacher import Price

    try:
        prompt, completion = text.split(",")
        return Price(Decimal(prompt), Decimal(completion))
    except (ValueError, ArithmeticError):
        raise argparse.ArgumentTypeError(f"{text!r} is no price, such as 0.4,1.6") from None


def _verdicts(text: str) -> tuple[str, ...]:
    from tilth.cli.running import verdicts_of

    try:
        return verdicts_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _dollars(text: str) -> float:
    try:
        return _number(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of dollars") from None
