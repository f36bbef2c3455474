"""Graphs and a two-worker Ray for the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import ray

import flights
import grism_ray as gr
import shared

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def flights_graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gr.Graph]:
    """The flights on disk."""
    with gr.open(tmp_path_factory.mktemp("graphs") / "flights.grism") as graph:
        flights.load(graph)
        yield graph


@pytest.fixture
def two_workers() -> dict[str, object]:
    """Options for a local Ray with two CPUs, which is there until the test's module ends."""
    if not ray.is_initialized():
        ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    return {"workers": 2}


@pytest.fixture(scope="module", autouse=True)
def no_ray_left() -> Iterator[None]:
    """Shuts Ray down when a module ends."""
    yield
    ray.shutdown()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what the tests measured."""
    if shared.NOTES:
        terminalreporter.section("measured")
        for line in shared.NOTES:
            terminalreporter.line(line)
