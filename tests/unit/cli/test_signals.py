"""What Ctrl-C and SIGTERM do to a command: the first stops, the second aborts."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from tests.unit.cli.shell import KEY, command, until

import tilth


@pytest.mark.parametrize(("signals", "code", "status"), [(1, 0, "stopped"), (2, 130, "aborted")])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_and_the_second_aborts(
    shell, endpoint, seeds, tmp_path, signals, code, status, number
):
    endpoint.open.clear()
    arguments = ("generate", seeds, "--strategy", "answer-augmentation", "--model", "four")
    options = ("--base-url", endpoint.url, "--queries", 5_000, "--out", "run.tilth")
    environment = {**os.environ, "OPENAI_API_KEY": KEY}
    with subprocess.Popen(
        command(*arguments, *options),
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        file = Path(tmp_path / "run.tilth")
        until(lambda: endpoint.served > 3)
        process.send_signal(number)
        told = iter(process.stderr.readline, "")
        assert any("Again to abort" in line for line in told)
        if signals == 1:
            endpoint.open.set()  # what is out is waited for
        else:
            process.send_signal(number)
        said, errors = process.communicate(timeout=120)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    assert "Go on with it by `tilth resume run.tilth`." in said
    run = tilth.open_run(file)
    assert run.status == status
    assert 0 < run.progress.queries < 5_000
    endpoint.open.set()
    again = shell("resume", file, "--base-url", endpoint.url, "--queries", run.progress.queries + 10)
    assert again.returncode == 0, again.stderr
    assert tilth.open_run(file).status == "finished"


def test_a_second_signal_aborts_the_study_of_a_command(tmp_path):
    path = tmp_path / "out" / "study.tilth"

    def at_work():
        try:
            return tilth.open_study(path).progress.cells
        except tilth.JournalError:  # it is not there yet
            return 0

    with subprocess.Popen(
        command("demo", "--out", "out"), cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        until(at_work)
        # two numbers, for one that comes twice at once comes once
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Again to abort" in errors
    assert "Traceback" not in errors
    study = tilth.open_study(path)
    assert (study.status, study.progress.reason) == ("aborted", "aborted by the user")


def test_a_server_that_does_not_leave_ends_with_the_command_that_opened_it(tmp_path):
    (tmp_path / "jupyterlab").mkdir()
    (tmp_path / "jupyterlab" / "__init__.py").touch()
    (tmp_path / "jupyterlab" / "__main__.py").write_text(
        "import os, pathlib, signal, threading\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path('serving').write_text(str(os.getpid()))\n"
        "threading.Event().wait()\n"
    )
    serving = tmp_path / "serving"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(command("lab"), cwd=tmp_path, env=environment) as process:
        until(lambda: serving.exists() and serving.read_text())
        process.terminate()
        process.wait(120)
    with pytest.raises(ProcessLookupError):
        os.kill(int(serving.read_text()), 0)
