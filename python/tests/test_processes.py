"""Forked processes and the interpreter's end."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

pytestmark = pytest.mark.filterwarnings("ignore")


def asked(graph: gr.Graph | None, answers: SimpleQueue[Any]) -> None:
    """Asks in a process of its own."""
    try:
        graph = graph or gr.open()
        answers.put(graph.query("RETURN 1 AS x", engine="local").to_pylist())
    except gr.GrismError as error:
        answers.put(f"{type(error).__name__}: {error}")


def test_a_forked_process_is_refused_and_a_spawned_one_works() -> None:
    graph = gr.open()
    stream = graph.stream("UNWIND range(1, 10000000) AS x RETURN x", engine="local")
    next(stream)
    for context, given in ((multiprocessing.get_context("fork"), graph), (multiprocessing.get_context("spawn"), None)):
        answers = context.SimpleQueue()
        process = context.Process(target=asked, args=(given, answers))
        process.start()
        answer = answers.get()
        process.join(20)
        assert process.exitcode == 0
        if context.get_start_method() == "fork":
            assert "UnavailableError: this process was forked" in answer
            assert "spawn" in answer
        else:
            assert answer == [{"x": 1}]
    stream.close()


def test_a_fork_before_the_first_use_works() -> None:
    done = program(
        """
        import os
        import grism_ray as gr
        if os.fork() == 0:
            print(gr.open().query("RETURN 1 AS x", engine="local").to_pylist(), flush=True)
            os._exit(0)
        print(os.wait()[1])
        """
    )
    assert done.stdout.splitlines() == ["[{'x': 1}]", "0"]


def test_the_end_of_the_interpreter_is_clean_while_daemon_threads_query() -> None:
    done = program(
        """
        import threading, time
        import grism_ray as gr
        graph = gr.open()

        def one():
            graph.query("UNWIND range(1, 100000) AS x UNWIND range(1, 100000) AS y RETURN sum(x * y % 7) AS s",
                        engine="local")

        def many():
            while True:
                graph.query("RETURN 1 AS x", engine="local")

        for work in (one, many, one, many):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.3)
        print("end", flush=True)
        """
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


def program(text: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of Python in a process of its own."""
    arguments = [sys.executable, "-c", textwrap.dedent(text)]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
