"""Graphs in an object store: an S3-compatible server on this machine, and failures of its conditional puts."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv as pc
import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "graphs"
CREATE = "CREATE (:Person {name: $name})"
COUNT = "MATCH (p:Person) RETURN count(*) AS n"


@contextmanager
def object_server() -> Iterator[int]:
    """The port of a fresh server with one bucket."""
    pytest.importorskip("moto")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                request = urllib.request.Request(f"http://127.0.0.1:{port}/{BUCKET}", method="PUT")
                urllib.request.urlopen(request, timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
        yield port
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with object_server() as port:
        yield port


def options(port: int) -> dict[str, str]:
    return {
        "aws_endpoint": f"http://127.0.0.1:{port}",
        "aws_region": "us-east-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
        "allow_http": "true",
    }


def raw(port: int, method: str, key: str, body: bytes | None = None) -> bytes:
    headers = {"Content-Type": "application/octet-stream"}
    url = f"http://127.0.0.1:{port}/{BUCKET}/{key}"
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bytes(answer.read())


class Proxy(ThreadingHTTPServer):
    """Passes requests on, but for those puts of log entries that are to fail."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.failures: list[str] = []
        """What happens to the next puts of log entries: ``refused`` before, or ``lost`` after they are done."""
        self.failed: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """One request on its way."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def handle_one(self) -> None:
        """Passes it on, or fails it."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        failure = ""
        if self.command == "PUT" and "/_grism/snapshots/" in self.path and self.server.failures:
            failure = self.server.failures.pop(0)
            self.server.failed.append(failure)
        if failure != "refused":
            upstream = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=30)
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            content = answer.read()
        if failure:
            self.send_response(412)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Stays quiet."""


@contextmanager
def proxied(port: int) -> Iterator[Proxy]:
    proxy = Proxy(port)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()


def people(graph: gr.Graph) -> int:
    count = graph.query(COUNT).to_pylist()[0]["n"]
    assert isinstance(count, int)
    return count


def test_a_graph_lives_in_an_object_store(server: int, tmp_path: Path) -> None:
    uri = f"s3://{BUCKET}/first graph%20/a~b"
    graph = gr.open(uri, storage_options=options(server))
    path = tmp_path / "people.csv"
    pc.write_csv(pa.table({"name": [f"p{i}" for i in range(5000)], "age": list(range(5000))}), path)
    raw(server, "PUT", "files/people.csv", path.read_bytes())
    source = f"s3://{BUCKET}/files/peo*.csv"
    assert graph.load_nodes("Person", source, "name", storage_options=options(server)).loaded == 5000
    graph.execute("CREATE HYPEREDGE TYPE `A MEETING` (organizer Person, attendee Person*)")
    meetings = pa.table({"by": ["p1", "p2"], "who": [["p3", "p4"], ["p1"]], "topic": ["a", "b"]})
    graph.load_hyperedges("A MEETING", meetings, {"organizer": "by", "attendee": "who"})
    graph.execute("MATCH (p:Person) WHERE p.age = 7 SET p.age = 'seven'")
    graph.execute("MATCH (p:Person {name: 'p4'}) DETACH DELETE p")
    text = "MATCH (m:`A MEETING`)-[:attendee]->(p) RETURN m.topic AS topic, p.name AS name ORDER BY topic, name"
    expected = [{"topic": "a", "name": "p3"}, {"topic": "b", "name": "p1"}]
    assert graph.query(text).to_pylist() == expected
    assert graph.check()["problems"] == []
    graph.create_tag("before")
    graph.execute("MATCH (p:Person) WHERE p.age > 100 DETACH DELETE p")
    assert people(graph) == 100
    report = graph.optimize()
    assert report["fragments_after"] < report["fragments_before"]
    assert graph.check()["problems"] == []
    # The server keeps its times in whole seconds.
    time.sleep(1.1)
    from datetime import timedelta

    dropped = graph.vacuum(retain=timedelta(0), grace=timedelta(0))
    assert dropped["dropped"]
    assert dropped["files"] > 0
    assert graph.check()["problems"] == []
    # Rows go where the graph is, and come back.
    out = f"s3://{BUCKET}/files/out.parquet"
    graph.execute(f"COPY Person TO '{out}'")
    assert graph.load_nodes("Copy", out, "name", storage_options=options(server)).loaded == 100
    # Another process opens it by the same options.
    again = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import grism_ray as gr; g = gr.open({uri!r}, tag='before', storage_options={options(server)!r});"
            f"print(g.query({COUNT!r}).to_pylist()[0]['n'], g.query({text!r}).to_pylist() == {expected!r})",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert again.stdout.split() == ["4999", "True"]


def test_credentials_come_from_the_environment(server: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in options(server).items():
        monkeypatch.setenv("AWS_ALLOW_HTTP" if name == "allow_http" else name.upper(), value)
    graph = gr.open(f"s3://{BUCKET}/by-environment")
    graph.execute(CREATE, {"name": "Ann"})
    assert people(graph) == 1
    with pytest.raises(gr.NotFoundError, match="there is no graph at"):
        gr.open(f"s3://{BUCKET}/nothing-here", create=False)


def test_a_put_that_is_refused_is_tried_again_on_what_is_there(server: int) -> None:
    with proxied(server) as proxy:
        graph = gr.open(f"s3://{BUCKET}/refused", storage_options=options(proxy.server_port))
        for number in range(3):
            proxy.failures = ["refused"] * (number + 1)
            graph.execute(CREATE, {"name": f"p{number}"})
            assert proxy.failures == []
        assert people(graph) == 3
        assert len(graph.history()) == 4
        assert proxy.failed == ["refused"] * 6
        assert graph.check()["problems"] == []


def test_a_put_whose_answer_was_lost_is_not_done_twice(server: int) -> None:
    with proxied(server) as proxy:
        graph = gr.open(f"s3://{BUCKET}/lost", storage_options=options(proxy.server_port))
        for number in range(3):
            proxy.failures = ["lost"]
            graph.execute(CREATE, {"name": f"p{number}"})
        assert people(graph) == 3
        assert [line.operation for line in graph.history()] == ["create", "statement", "statement", "statement"]
        assert proxy.failed == ["lost"] * 3


def test_another_writer_who_was_first_stays(server: int) -> None:
    uri = f"s3://{BUCKET}/raced"
    with proxied(server) as proxy:
        slow = gr.open(uri, storage_options=options(proxy.server_port))
        fast = gr.open(uri, storage_options=options(server))
        slow.execute(CREATE, {"name": "first"})
        with slow.transaction() as transaction:
            transaction.create_node("Person", name="slow")
            fast.execute(CREATE, {"name": "fast"})
        assert people(slow) == people(fast) == 3
        assert slow.check()["problems"] == []


def test_a_server_that_is_not_there_is_unavailable() -> None:
    nowhere = {**options(9), "client_max_retries": "1", "client_retry_timeout": "2"}
    with pytest.raises(gr.UnavailableError):
        gr.open(f"s3://{BUCKET}/gone", storage_options=nowhere)


def test_a_graph_built_anew_in_an_object_store_is_seen_as_new(server: int) -> None:
    uri = f"s3://{BUCKET}/anew.grism"
    old = gr.open(uri, storage_options=options(server))
    old.load_nodes("Person", pa.table({"name": ["Ann", "Bob", "Cid"]}), key="name")
    assert old.query(COUNT).to_pylist() == [{"n": 3}]
    transaction = old.transaction()
    transaction.execute("CREATE (:Pet)")
    boto3 = pytest.importorskip("boto3")
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    bucket = boto3.resource("s3", endpoint_url=f"http://127.0.0.1:{server}", **keys).Bucket(BUCKET)
    bucket.objects.filter(Prefix="anew.grism/").delete()
    with pytest.raises(gr.NotFoundError, match="is gone"):
        old.query(COUNT)
    new = gr.open(uri, storage_options=options(server))
    new.load_nodes("Person", pa.table({"name": ["Dan", "Eve"]}), key="name")
    for graph in (old, new):
        assert graph.query("MATCH (p:Person) RETURN p.name AS n ORDER BY n").to_pylist() == [{"n": "Dan"}, {"n": "Eve"}]
    with pytest.raises(gr.ConflictError, match="anew"):
        transaction.commit()
    assert new.check()["problems"] == []


def test_files_of_an_object_store_are_taken_once(server: int) -> None:
    graph = gr.open(f"s3://{BUCKET}/incremental", storage_options=options(server))
    for number in range(3):
        raw(server, "PUT", f"parts/p{number}.csv", f"id\n{number}\n".encode())

    def load(**settings: Any) -> gr.LoadReport:
        source = f"s3://{BUCKET}/parts/p*.csv"
        return graph.load_nodes("A", source, "id", incremental=True, storage_options=options(server), **settings)

    assert (load().files, load().skipped_files) == (3, 3)
    rows = "UNWIND [[1, 'x'], [7, 'y']] AS row RETURN row[0] AS id, row[1] AS v"
    graph.execute(f"COPY ({rows}) TO 's3://{BUCKET}/parts/p1.csv'")
    with pytest.raises(gr.InvalidDataError, match=f"s3://{BUCKET}/parts/p1.csv was loaded before"):
        load()
    report = load(on_conflict="update")
    assert (report.files, report.loaded, report.updated, report.skipped_files) == (1, 1, 1, 2)
    assert set(graph.loaded_files("A")) == {f"s3://{BUCKET}/parts/p{number}.csv" for number in range(3)}
    assert graph.check()["problems"] == []
