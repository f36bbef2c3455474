"""Credentials of storage are shown nowhere: not in plans, errors, logs, representations or records of jobs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from test_object_store import BUCKET, object_server

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "pL4nted/Secr3t+Value"
TOKEN = "pl4ntedT0ken"
OPTIONS = {
    "aws_endpoint": "http://127.0.0.1:9",
    "aws_region": "us-east-1",
    "aws_access_key_id": "PLANTEDKEYID",
    "aws_secret_access_key": SECRET,
    "aws_session_token": TOKEN,
    "allow_http": "true",
    "client_max_retries": "0",
    "client_retry_timeout": "1",
}
PLANTED = (SECRET, TOKEN, "PLANTEDKEYID", "p4ssw0rd", "s4sSignature")
SERVED: dict[str, str] = {}
"""The options of the graph that is served."""

QUERY = "MATCH (p:Person)-[:KNOWS]->(q) RETURN p.name, count(*) AS n ORDER BY n"


def assert_clean(*texts: object) -> None:
    for text in map(str, texts):
        assert [own for own in PLANTED if own in text] == [], text


def told(error: BaseException) -> str:
    """All that a traceback with every cause shows of an error."""
    return "".join(traceback.format_exception(error)) + repr(error)


@pytest.fixture(scope="module")
def graph() -> Iterator[gr.Graph]:
    """A graph in an object store that wants credentials, served on this machine."""
    with object_server() as port:
        options = {**OPTIONS, "aws_endpoint": f"http://127.0.0.1:{port}"}
        graph = gr.open(f"s3://{BUCKET}/secrets", storage_options=options)
        graph.execute("CREATE (:Person {name: 'Ann'})-[:KNOWS]->(:Person {name: 'Bob'})")
        SERVED.update(options)
        yield graph


@pytest.mark.parametrize("format", ["text", "json", "dot", "mermaid", "svg"])
@pytest.mark.parametrize(
    "options", [{}, {"verbose": True}, {"distributed": True}, {"analyze": True}, {"analyze": True, "engine": "staged"}]
)
def test_plans_show_no_credentials(graph: gr.Graph, format: Any, options: dict[str, Any]) -> None:
    assert_clean(graph.explain(QUERY, format=format, **options))


def test_metrics_and_representations_show_no_credentials(graph: gr.Graph) -> None:
    result = graph.query(QUERY, engine="staged")
    assert_clean(result.metrics, result, graph, graph.nodes("Person"), graph.prepare(QUERY), graph.history())


@pytest.mark.parametrize(
    "uri",
    [
        "s3://no-such-bucket/a",
        "s3://me:p4ssw0rd@no-such-bucket/a",
        "s3://no-such-bucket/a?sig=s4sSignature",
        "ftp://me:p4ssw0rd@host/a",
        "gs://me:p4ssw0rd@no-such-bucket/a?token=s4sSignature",
        "az://me:p4ssw0rd@container/a?sv=1&sig=s4sSignature",
    ],
)
def test_errors_of_places_show_no_credentials(uri: str) -> None:
    with pytest.raises(gr.GrismError) as raised:
        gr.open(uri, create=False, storage_options=OPTIONS)
    assert_clean(told(raised.value))


def test_errors_of_files_show_no_credentials(graph: gr.Graph, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"http://me:p4ssw0rd@127.0.0.1:{free.getsockname()[1]}/a.csv?sig=s4sSignature"
    texts = [
        f"LOAD CSV FROM '{place}' AS row RETURN row",
        f"LOAD CSV FROM '{place}' AS row RETRN row",
        f"COPY Person FROM '{place}' (KEY name)",
    ]
    for text in texts:
        with pytest.raises(gr.GrismError) as raised:
            graph.execute(text)
        assert_clean(told(raised.value))
    assert_clean(graph.explain(texts[0]), graph.explain(texts[0], verbose=True, format="json"))
    with pytest.raises(gr.GrismError) as raised:
        graph.load_nodes("Person", place, key="name")
    assert_clean(told(raised.value))
    with pytest.raises(gr.UnsupportedError, match="record of the job") as refused:
        gr.submit(QUERY, place, "http://127.0.0.1:9")
    assert_clean(told(refused.value))


PROGRAM = """
import sys, grism_ray as gr
options = dict(item.split("=", 1) for item in sys.argv[2:])
graph = gr.open(sys.argv[1], storage_options=options)
graph.query("MATCH (p:Person) RETURN p.name", engine="staged")
graph.execute("CREATE (:Person)")
try:
    gr.open("s3://me:p4ssw0rd@no-such-bucket/a?sig=s4sSignature", storage_options=options)
except gr.GrismError as error:
    print(error)
"""


@pytest.mark.parametrize("variable", ["GRISM_LOG", "RUST_LOG"])
def test_logs_show_no_credentials(graph: gr.Graph, variable: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in {"GRISM_LOG", "RUST_LOG"}}
    command = [sys.executable, "-c", PROGRAM, graph.uri, *(f"{name}={value}" for name, value in SERVED.items())]
    done = subprocess.run(
        command, env={**environment, variable: "trace"}, capture_output=True, text=True, check=True, timeout=120
    )
    assert "query_id=" in done.stderr
    assert_clean(done.stderr, done.stdout)
