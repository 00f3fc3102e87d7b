"""The code task: Python functions, checked by the user's tests where the user lets them be run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from tilth.seeds import Seed
from tilth.tasks.base import Reading, Verdict
from tilth.tasks.code.blocks import NoCode, names_of, parse, read_code
from tilth.tasks.code.completing import completed, taken_over, words_of
from tilth.tasks.code.telling import little_said
from tilth.tasks.code.tests import asked_for, entry_of, methods_for, read_tests, shown_by
from tilth.tasks.code.wrappers import unwrapped, without_marks
from tilth.tasks.prompts import TemplateTask, read_instruction
from tilth.tasks.reasoning import blank_reasoning

PROMPTS = {
    "answer": (
        "Write the Python code that the task below asks for, with the names that it gives.\n"
        "Use nothing but the standard library. Reply with one block that starts with ```python and holds\n"
        "all of the code: imports, helpers, the function. Leave out tests and examples of its use.\n"
        "\n"
        "Task: {question}"
    ),
    "rephrase": (
        "Rephrase the task below: ask for the same Python code in other words and another order.\n"
        "Keep names, parameters, code and examples as they are, so that the same tests hold.\n"
        'Reply with nothing but the task, after "Task:". Do not solve it.\n'
        "\n"
        "Task: {question}"
    ),
    "new-question": (
        "Write a new task of the same kind as the one below: another Python function, about as difficult.\n"
        "Say its name, its parameters, what it returns, and what it does with unusual input.\n"
        'Reply with nothing but the task, after "Task:". Do not solve it.\n'
        "\n"
        "Task: {question}"
    ),
}
"""Templates by purpose. Each ends with the question."""

_MEGABYTE = 1024**2
_USUAL_LENGTH = 4_000
_LIMITS = ("cpu", "seconds", "memory", "files", "processes")


@dataclass(frozen=True, kw_only=True)
class Code(TemplateTask):
    """Questions that ask for a Python function; a reference holds the tests it has to pass.

    A reply's code is the whole reply where that is code; else its last fenced block that defines a function
    or a class, with the earlier blocks that define others or bind a name it uses; else lines of code between
    prose; else what it holds in quotes or JSON. A block that is introduced as what not to write is left out.
    Where the question begins a function, it may be its body alone; where the tests want a function, a method
    of a class that can be made without arguments will do; where it defines nothing, it may import what the
    question names. It must parse. Reasoning in `<think>` tags is not read, nor code of more than 20,000
    characters.

    As it stands, the task runs nothing: code that parses is unverified. `Code(run=True)` runs it against
    the reference: assert lines as in MBPP (one text, or a JSON list of lines), functions `test_...()`, or a
    function `check(candidate)` as in HumanEval. What the question itself shows as code runs before it. Code
    that is a script as well, and at its end exits or wants input that is not there, is judged by what it
    defined before. A question without a reference, such as a new one, has no tests, so that its code stays
    unverified.

    The code runs in a process of its own and never sees the tests, which run in another: only values pass
    between the two. So it cannot declare itself right, by exiting, by printing, by changing `assert` or
    Python's own functions, by ending a loop of theirs, or by objects that equal everything: where an object
    of the code's own class says that it equals what a test wants, the code is rejected, or unverified where
    the question or the tests name that class. Tests can call what the code defines, with
    values and functions, and see what it gives, raises, and does to the arguments. They cannot see what it
    prints, and it cannot see what they define. Only the standard library is there. Passing tests says
    that they hold, no more.

    `tilth.tasks.code.sandbox` says how both are confined and what that does not promise: it relies on the
    kernel, so leave `run` off for code that you would not run in a container.

    Attributes:
        run: Whether code is run. Linux only.
        cpu: Seconds of CPU time that a process may use.
        seconds: Seconds that a check may take.
        memory: Megabytes of memory that a process may use.
        files: Megabytes that may be written to files, in memory.
        processes: Processes and threads that the code may start.

    Raises:
        ValueError: `prompts` names a purpose that is not in `PROMPTS`, or a template lacks `{question}`; or a
            limit is no positive integer.
        CannotConfine: `run` is set on a system where code cannot be confined; it says what is missing.

    Example:
        >>> tilth.tasks.Code().read("def double(x): return 2 * x").answer
        'def double(x): return 2 * x'
    """

    name: ClassVar[str] = "code"
    version: ClassVar[int] = 1
    templates: ClassVar[Mapping[str, str]] = PROMPTS

    run: bool = False
    cpu: int = 5
    seconds: int = 15
    memory: int = 512
    files: int = 16
    processes: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in _LIMITS:
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ValueError(f"Code({name}={value!r}): {name} is an integer, 1 or more")
        if self.run:
            from tilth.tasks.code import sandbox

            sandbox.require()

    @property
    def comparable(self) -> bool:
        """Never: two functions that pass the same tests may look nothing alike."""
        return False

    def _reader(self, purpose: str, question: str) -> Callable[[str], str]:
        return read_instruction

    def tells_answer(self, question: str) -> bool:
        """Never: an instruction may show examples with their answers."""
        return False

    def read(self, text: str, question: str | None = None) -> Reading:
        """Reads the code, as the class says; spans hold for `text` as given.

        Where the question begins a function and the reply is only its body, the answer is both.
        """
        text = blank_reasoning(text)
        reading = read_code(text)
        if reading.answer is not None and not text.lstrip("\r\n")[:1].isspace():
            return reading
        if shown := shown_by(question)[0]:
            bare = next(without_marks(text))
            if (whole := completed(bare, shown)) is not None:
                return whole
            for inner, span in unwrapped(bare):
                if reading.answer is None and (whole := completed(inner, shown)) is not None:
                    return replace(whole, span=span)
        if reading.answer is None and question:
            return taken_over(next(without_marks(text)), question) or reading
        return reading

    def check(self, response: str, reference: str | None, question: str | None = None) -> Verdict:
        """Accepted where the code passes the tests; rejected where it fails one, breaks a limit or is none.

        Unverified where nothing is run, there are no tests, or they cannot tell. Where it is accepted by
        tests that a constant would pass, too, the reason says so.
        """
        reply = self.read(response, question)
        if reply.answer is None:
            return Verdict("rejected", reason=reply.reason, cause=reply.cause)

        def unverified(cause: str | None, reason: str | None) -> Verdict:
            return Verdict("unverified", reply.answer, reason, cause, span=reply.span)

        if not self.run:
            return unverified("not-run", "code is not run; Code(run=True) runs it")
        if reference is None:
            return unverified("no-reference", "no tests")
        asked = question or ""
        try:
            tests = read_tests(reference, asked)
        except NoCode as error:
            return unverified("bad-reference", str(error))
        if tests.around.lacks:
            return unverified("bad-reference", f"{tests.around.lacks}, which is not there where code is run")
        before, helpers = shown_by(question)
        names = names_of(tree := parse(reply.answer))
        if not names.defined:
            names = names_of(tree, words_of(asked))
        methods = methods_for(reply.answer, names, tests, asked)
        entry = (next(iter(methods), None) or entry_of(names, asked)) if tests.takes else None
        if tests.takes and entry is None:
            return Verdict(
                "rejected", reply.answer, "the code defines no function", "no-answer", 0.0, reply.span
            )
        from tilth.tasks.code import sandbox

        verdict, cause, reason = sandbox.examine(
            sandbox.Job(
                reply.answer, tests, before, helpers, entry, asked_for(names, asked, tests), asked, methods
            ),
            sandbox.Limits(
                self.cpu, self.seconds, self.memory * _MEGABYTE, self.files * _MEGABYTE, self.processes
            ),
        )
        if verdict == "unverified":
            return unverified(cause, reason)
        if verdict == "accepted" and tests.tested:
            reason = little_said(tests.source, tests.tested, reply.answer, asked)
        return Verdict(verdict, reply.answer, reason, cause, float(verdict == "accepted"), reply.span)

    def check_at_once(
        self, response: str, reference: str | None, question: str | None = None
    ) -> Verdict | None:
        """The verdict on a reply of usual length, where nothing is run."""
        own = type(self).check is Code.check  # else a subclass says what is right
        if self.run or not own or len(response) > _USUAL_LENGTH:
            return None
        return self.check(response, reference, question)

    def fault(self, seed: Seed) -> str | None:
        """Where code is run: no tests, or tests that need what is not there or use what no question names."""
        if not self.run or seed.reference is None:
            return None
        try:
            tests = read_tests(seed.reference, seed.question)
        except NoCode as error:
            return str(error)
        if tests.around.lacks:
            return (
                f"{tests.around.lacks}, which is not there where code is run: only the standard library is; "
                "give tests that do without"
            )
        if tests.wanted and not tests.takes and not any(name in seed.question for name in tests.wanted):
            return (
                f"the tests use {tests.wanted[0]!r}, which the question does not name; "
                "add the name, the signature or a test to the question"
            )
        return None

    def verdict_options(self) -> dict[str, Any]:
        """Whether code is run, and its limits."""
        return (
            {"run": self.run, **{name: getattr(self, name) for name in _LIMITS}}
            if self.run
            else {"run": False}
        )

    def not_rerun(self, verdict_options: Mapping[str, Any]) -> str | None:
        """Code, where it was run and is not here."""
        return "code" if verdict_options.get("run") is True and not self.run else None

    @classmethod
    def restored(cls, identity: Mapping[str, Any], verdict_options: Mapping[str, Any]) -> Self:
        """The task that has this `identity()`. It runs nothing: the reader decides that, not a file."""
        return cls(prompts=identity["prompts"])
