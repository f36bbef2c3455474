"""Text files: what stands in them is what arrives, and what does not arrive is named as it stood."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING

import pytest

import grism_ray as gr

if TYPE_CHECKING:
    from pathlib import Path


def column(graph: gr.Graph, name: str, label: str = "T") -> list[object]:
    rows = graph.query(f"MATCH (t:{label}) RETURN t.`{name}` AS v ORDER BY t.id", engine="local").to_pylist()
    return [row["v"] for row in rows]


def loaded(path: Path, text: str | bytes, **options: object) -> gr.Graph:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    graph = gr.open()
    graph.load_nodes("T", path, key="id", **options)  # type: ignore[arg-type]
    return graph


LONG = "x" * 700_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("long.csv", f"id,s\n1,{LONG}\n2,b\n"),
        ("blank.csv", "id,s\n" + "\n" * 700_000 + "1,a\n2,b\n"),
        ("before.csv", "\r\n" * 400_000 + "id,s\r\n1,a\r\n\r\n2,b"),
        ("empty-values.tsv", "s\tid\n\t1\nb\t2\n"),
        ("long.jsonl", json.dumps({"id": 1, "s": LONG}) + "\n" + json.dumps({"id": 2})),
        ("blank.jsonl", "\n" * 700_000 + '{"id": 1}\n\n{"id": 2}\n'),
        ("long.json", json.dumps([{"id": 1, "s": LONG}, {"id": 2, "s": [LONG]}], indent=1)),
    ],
)
def test_no_row_is_lost_before_or_behind_long_ones(tmp_path: Path, name: str, text: str) -> None:
    assert column(loaded(tmp_path / name, text, memory_limit=32 << 20), "id") == [1, 2]


def test_files_as_wide_as_they_like_fit_into_the_memory_limit(tmp_path: Path) -> None:
    names = ["id", *(f"c{i}" for i in range(3000))]
    lines = [",".join(names), *(",".join(str(row * 7 + i) for i in range(len(names))) for row in range(100))]
    graph = loaded(tmp_path / "wide.csv", "\n".join(lines), memory_limit=32 << 20)
    assert column(graph, "c2999") == [row * 7 + 3000 for row in range(100)]


def test_empty_texts_and_null_differ(tmp_path: Path) -> None:
    text = 'id,s,n\n1,"",""\n2,,\n3,"NA",NA\n4,NA,"NA"\n5,a,5\n'
    graph = loaded(tmp_path / "t.csv", text, null="NA")
    assert column(graph, "s") == ["", None, "NA", None, "a"]
    assert column(graph, "n") == [None, None, None, None, 5]
    path = tmp_path / "out.csv"
    graph.execute(f"COPY (MATCH (t:T) RETURN t.id AS id, t.s AS s) TO '{path}'")
    assert sorted(path.read_text().splitlines()) == ['1,""', "2,", "3,NA", "4,", "5,a", "id,s"]
    again = gr.open()
    again.load_nodes("T", path, key="id")
    assert column(again, "s") == column(graph, "s")
    rows = graph.query(f"LOAD CSV WITH HEADERS FROM '{path}' AS row RETURN row.id AS id, row.s AS s").to_pylist()
    assert {row["id"]: row["s"] for row in rows} == {"1": "", "2": None, "3": "NA", "4": None, "5": "a"}


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_floats_that_are_no_numbers_survive(tmp_path: Path, ending: str) -> None:
    graph = gr.open()
    values = [math.nan, math.inf, -math.inf, 0.5, 2.0, 1e300]
    graph.execute("UNWIND range(0, 5) AS i CREATE (:T {id: i, f: $v[i], l: [$v[i]]})", {"v": values})
    path = tmp_path / f"out.{ending}"
    lists = "" if ending == "csv" else ", t.l AS l"
    graph.execute(f"COPY (MATCH (t:T) RETURN t.id AS id, t.f AS f{lists}) TO '{path}'")
    again = gr.open()
    again.load_nodes("T", path, key="id")
    assert str(column(again, "f")) == str(values)
    if lists:
        assert str(column(again, "l")) == str([[value] for value in values])


def test_rejected_rows_stand_as_they_stood(tmp_path: Path) -> None:
    good = [b'1,"a ""b""",2024-01-02,[1, 2]', b'2,"x\r\ny",2024-02-29,"[0,1]"']
    bad = [
        b'3,"two\r\nlines, ""quoted""",2024-02-30,"[1,2]"',
        b"4, plain ,2024-01-01,[1;2;3]",
        b'x5,"",2024-01-01,"[1,2]"',
        b"6,short",
        b'7,\xff\xfe,2024-01-01,"[1,2]"',
        b'1,again,2024-01-01,"[5,6]"',
    ]
    lines = [b"id,s,d,v", good[0].replace(b"[1, 2]", b'"[1, 2]"'), b"", bad[0], good[1], *bad[1:]]
    path, rejects = tmp_path / "t.csv", tmp_path / "rejects.csv"
    path.write_bytes(b"\r\n".join(lines))
    types = {"id": "int", "d": "date", "v": "Vector(2)"}
    graph = gr.open()
    report = graph.load_nodes("T", path, key="id", types=types, bad_rows="reject", rejects=rejects)
    assert (report.rows, report.loaded, report.rejected, report.rejects_written) == (8, 2, 6, 6)
    written = rejects.read_bytes()
    assert written.startswith(b"_file,_line,_column,_reason,id,s,d,v\n")
    places = []
    for line in bad:
        before = written[: written.index(line + b"\n")].split(b"\n")[-1].decode()
        _, number, name, reason, _ = next(csv.reader([before]))
        places.append((int(number), name, reason))
    assert places == [
        (4, "d", "column `d`: '2024-02-30' is no Date"),
        (8, "v", "column `v`: '[1;2;3]' is no vector of 2 numbers"),
        (9, "id", "column `id`: 'x5' is no Int64"),
        (10, "", "2 values, and the file has 4 columns"),
        (11, "s", "column `s`: '\ufffd\ufffd' is not UTF-8"),
        (12, "id", "the key `id` = '1' is taken already"),
    ]
    with rejects.open(newline="", errors="replace") as file:
        found = list(csv.DictReader(file))
    assert (found[0]["s"], found[2]["s"], found[0]["_file"]) == ('two\r\nlines, "quoted"', "", str(path))


def test_rejected_rows_of_other_forms_are_whole(tmp_path: Path) -> None:
    first, second, rejects = tmp_path / "1.csv", tmp_path / "2.csv", tmp_path / "rejects.csv"
    first.write_text("id;s\n1;a;\n")
    second.write_text("s;id\n'x;y';none\n")
    graph = gr.open()
    options = {"delimiter": ";", "quote": "'", "types": {"id": "int"}, "bad_rows": "reject", "rejects": rejects}
    graph.load_nodes("T", [first, second], key="id", **options)  # type: ignore[arg-type]
    lines = rejects.read_text().splitlines()
    assert lines[0] == "_file;_line;_column;_reason;id;s"
    assert lines[1].endswith(";1;a;")
    assert lines[2].endswith(";none;'x;y'")
    lines = [
        '{"id": 1, "s": "a"}',
        '{"id": 1, "s": "tw\\u0069ce"}',
        '{"id": 2, "s": "a", "s": "b"}',
        '{"id": 3, "n": 1e400}',
    ]
    (tmp_path / "t.jsonl").write_text("\r\n".join(lines))
    report = graph.load_nodes("J", tmp_path / "t.jsonl", key="id", bad_rows="reject", rejects=rejects)
    assert (report.loaded, report.rejected) == (1, 3)
    with rejects.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["_row"] for row in found] == [lines[2], lines[3], lines[1]]
    assert [row["_line"] for row in found] == ["3", "4", "2"]
    assert [row["_column"] for row in found] == ["", "n", "id"]


@pytest.mark.parametrize(
    ("first", "later", "expected"),
    [
        ("5", "0.5", 0.5),
        ("5", str(2**53 + 1), 2**53 + 1),
        ("0.5", str(2**53 + 1), 2**53 + 1),
        ("5", "NaN", math.nan),
        ("5", "n/a", "n/a"),
        ("true", "maybe", "maybe"),
        ("2024-01-02", "soon", "soon"),
        ("2024-01-02T03:04:05", "soon", "soon"),
        ("5", "12345678901234567890", "12345678901234567890"),
    ],
)
def test_types_are_those_of_all_rows(tmp_path: Path, first: str, later: str, expected: object) -> None:
    lines = ["id,v", *(f"{i},{first}" for i in range(1200)), f"1200,{later}"]
    graph = loaded(tmp_path / "t.csv", "\n".join(lines))
    found = column(graph, "v")
    assert str(found[-1]) == str(expected)
    kind = type(expected) if not isinstance(expected, int) or first == "5" else float
    assert isinstance(found[0], kind | int)
    assert graph.query("MATCH (t:T) RETURN count(t.v) AS n").to_pylist() == [{"n": 1201}]


def test_columns_of_numbers_that_are_read_as_texts_are_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("id,n,zip\n1,5,012\n2,6,113\n3,missing,114\n4,7,115\n")
    report = gr.open().load_nodes("T", path, key="id")
    assert len(report.warnings) == 1
    assert "column `n` is read as text: line 4 of" in report.warnings[0]
    assert gr.open().load_nodes("T", path, key="id", null="missing").warnings == []


def test_rows_that_may_be_rejected_do_not_change_types(tmp_path: Path) -> None:
    lines = ["id,v", *(f"{i},{i}" for i in range(1200)), "1200,none", "1201,0.5", "1202,007"]
    path, rejects = tmp_path / "t.csv", tmp_path / "rejects.csv"
    path.write_text("\n".join(lines))
    graph = gr.open()
    report = graph.load_nodes("T", path, key="id", bad_rows="reject", rejects=rejects)
    assert (report.loaded, report.rejected) == (1201, 2)
    assert graph.query("MATCH (t:T) WHERE t.v < 2 RETURN sum(t.v) AS s").to_pylist() == [{"s": 1.5}]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_whole_numbers_beside_fractions_stay_whole(tmp_path: Path, ending: str) -> None:
    exact = 2**53 + 1
    text = f"id,n\n1,{exact}\n2,0.5\n" if ending == "csv" else f'{{"id": 1, "n": {exact}}}\n{{"id": 2, "n": 0.5}}\n'
    graph = loaded(tmp_path / f"t.{ending}", text)
    assert [repr(value) for value in column(graph, "n")] == [str(exact), "0.5"]
    assert graph.query(f"MATCH (t:T) WHERE t.n = {exact} RETURN count(*) AS n").to_pylist() == [{"n": 1}]


def test_json_values_are_as_they_stand_at_every_depth(tmp_path: Path) -> None:
    rows = [
        {"id": 1, "l": [2**53 + 1, 0.5, None], "m": {"a": 1, "b": [{"c": 2**62}]}, "x": 1, "e": {}, "n": []},
        {"id": 2, "l": [], "m": {"a": "t", "b": []}, "x": "1", "e": {"k": None}, "n": None},
        {"id": 3, "l": None, "x": [True], "late": {"a": 1}},
    ]
    graph = loaded(tmp_path / "t.jsonl", "\n".join(map(json.dumps, rows)))
    for name in ("l", "m", "x", "e", "n", "late"):
        assert repr(column(graph, name)) == repr([row.get(name) for row in rows]), name
    for value in ("9223372036854775808", "1e400", "0.12345678901234567890123", "[[1, 18446744073709551616]]"):
        with pytest.raises(gr.InvalidDataError, match=r"t.jsonl, line 1: column `v`: .*give the column the type"):
            loaded(tmp_path / "t.jsonl", f'{{"id": 1, "v": {value}}}')
    graph = loaded(
        tmp_path / "t.jsonl", '{"id": 1, "v": 9223372036854775808}\n{"id": 2, "v": 1.50}', types={"v": "string"}
    )
    assert column(graph, "v") == ["9223372036854775808", "1.50"]
    graph = loaded(tmp_path / "t.jsonl", '{"id": 1, "v": [NaN, -Infinity, 2]}')
    assert str(column(graph, "v")) == "[[nan, -inf, 2.0]]"


def test_json_keys_meet_as_texts(tmp_path: Path) -> None:
    graph = loaded(tmp_path / "t.jsonl", '{"id": 1}\n{"id": "x"}\n')
    assert column(graph, "id") == ["1", "x"]


def test_json_rows_may_bring_names_and_types_at_any_time(tmp_path: Path) -> None:
    rows = [json.dumps({"id": i, "pad": "p" * 500, "v": i}) for i in range(12_000)]
    rows += [json.dumps({"id": 12_000, "v": [0.5], "w": "late"})]
    graph = loaded(tmp_path / "t.jsonl", "\n".join(rows), memory_limit=32 << 20)
    assert graph.query("MATCH (t:T) WHERE t.v = 11999 OR t.w = 'late' RETURN t.v AS v ORDER BY t.id").to_pylist() == [
        {"v": 11999},
        {"v": [0.5]},
    ]


PEOPLE = [{"id": 1, "name": "Ann [}]"}, {"id": 2, "name": 'B "o" \\'}, {"id": 3, "name": "C,\n{"}]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(PEOPLE),
        json.dumps(PEOPLE, indent=2),
        "\n".join(json.dumps(row, indent=2) for row in PEOPLE),
        " ".join(map(json.dumps, PEOPLE)),
        "[\n" + ",\n".join(json.dumps(row) for row in PEOPLE) + "\n]\n",
        "\ufeff" + " ".join(json.dumps(row, indent=1) for row in PEOPLE),
    ],
)
def test_json_stands_in_any_form(tmp_path: Path, text: str) -> None:
    graph = loaded(tmp_path / "t.json", text)
    assert column(graph, "name") == [row["name"] for row in PEOPLE]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": 1},\n{"id": 2}', "the array is opened and not closed"),
        ('[{"id": 1},\n {"id": 2', "line 2: an object or an array is opened and not closed"),
        ('[{"id": 1},\n 2]', "line 2: this is no object"),
        ('{\n"id": 1\n}\n{\n"id": tru\n}', "line 4: a value was expected, and `t` found"),
        ('{"id": 1}\n{"id": 2} {"id": 3}', "line 2: there is more text behind the value"),
        ("nothing\nof JSON", "line 1: a value was expected, and `n` found"),
    ],
)
def test_broken_json_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(gr.InvalidDataError, match=message):
        loaded(tmp_path / "t.json", text)


def test_types_are_given_to_cells(tmp_path: Path) -> None:
    text = 'id,tags,t,z\n1,"[""a"", ""b""]",9999-12-31T23:59:59,2024-01-02T03:04:05Z\n2,,2024-01-02 03:04:05.5,\n'
    types = {"tags": "List<String>", "t": "localdatetime", "z": "datetime"}
    graph = loaded(tmp_path / "t.csv", text, types=types)
    assert column(graph, "tags") == [["a", "b"], None]
    found = graph.query("MATCH (t:T) RETURN toString(t.t) AS v ORDER BY t.id").to_pylist()
    assert [row["v"] for row in found] == ["9999-12-31T23:59:59", "2024-01-02T03:04:05.5"]
    for value in ("2024-01-02T03:04:05+01:00", "2024-01-02T25:00:00", "2024-01-02T03:04:05.0000000001"):
        with pytest.raises(gr.InvalidDataError, match="column `t`: .* is no LocalDateTime"):
            loaded(tmp_path / "t.csv", f"id,t\n1,{value}\n", types={"t": "localdatetime"})
    with pytest.raises(gr.InvalidDataError, match="column `f`: '1e400' is no Float64"):
        loaded(tmp_path / "t.csv", "id,f\n1,1e400\n", types={"f": "float"})


KEPT = {
    "float": "0.1",
    "fraction": "5.684341886080802e-14",
    "nan": "toFloat('NaN')",
    "date": "date('+12024-01-02')",
    "clock": "localtime('03:04:05.123456789')",
    "offset": "time('03:04+01:00')",
    "local": "localdatetime('9999-12-31T23:59:59')",
    "utc": "datetime('2024-01-02T03:04:05Z')",
    "zoned": "datetime('2024-10-27T02:30:00+01:00[Europe/Berlin]')",
    "far": "datetime('+12024-01-02T03:04:05.25-05:30')",
    "duration": "duration('P1Y2M3DT4H-5M6.789S')",
    "negative": "duration('PT-1.5S')",
}
NAMED = {
    "date": "date",
    "clock": "localtime",
    "offset": "time",
    "local": "localdatetime",
    "utc": "datetime",
    "zoned": "datetime",
    "far": "datetime",
    "duration": "duration",
    "negative": "duration",
}


@pytest.mark.parametrize(("ending", "types"), [("csv", {}), ("csv", NAMED), ("jsonl", NAMED)])
def test_values_of_every_type_read_back_as_they_were_written(
    tmp_path: Path, ending: str, types: dict[str, str]
) -> None:
    graph, again = gr.open(), gr.open()
    properties = ", ".join(f"{name}: {text}" for name, text in KEPT.items())
    graph.execute(f"CREATE (:T {{id: 1, {properties}}}), (:T {{id: 2}})")
    columns = ", ".join(f"t.{name} AS {name}" for name in ["id", *KEPT])
    graph.execute(f"COPY (MATCH (t:T) RETURN {columns}) TO '{tmp_path}/t.{ending}'")
    again.load_nodes("T", tmp_path / f"t.{ending}", key="id", types=types)
    texts = ", ".join(f"toString(t.{name}) AS {name}" for name in KEPT)
    for query in (
        f"MATCH (t:T) RETURN {texts} ORDER BY t.id",
        "MATCH (t:T {id: 1}) RETURN t.utc.year, t.zoned.timezone",
    ):
        assert again.query(query).to_pylist() == graph.query(query).to_pylist()


@pytest.mark.parametrize("form", ["%r", "%.18e", "%.16e", "%.17g"])
def test_floats_of_other_programs_are_read_as_they_are(tmp_path: Path, form: str) -> None:
    floats = [
        0.1,
        -1 / 3,
        2.0**-44,
        5e-324,
        1.7976931348623157e308,
        1e22 + 2**21,
        123456789.123456789,
        *map(math.sqrt, range(50)),
    ]
    text = "id,f\n" + "".join(f"{place},{form % value}\n" for place, value in enumerate(floats))
    assert column(loaded(tmp_path / "t.csv", text), "f") == floats


@pytest.mark.parametrize("long", ["0.12345678901234567890", "1234567890123456.7", "-3.14159265358979323846e-5"])
def test_fractions_that_a_float_would_round_are_refused(tmp_path: Path, long: str) -> None:
    text = f"id,f\n1,0.5\n2,{long}\n3,0.25\n"
    with pytest.raises(gr.InvalidDataError, match=f"line 3: column `f`: '{long}' is a number with more digits"):
        loaded(tmp_path / "t.csv", text)
    assert column(loaded(tmp_path / "t.csv", text, types={"f": "float"}), "f") == [0.5, float(long), 0.25]
    assert column(loaded(tmp_path / "t.csv", text, types={"f": "string"}), "f") == ["0.5", long, "0.25"]
    rejects = tmp_path / "rejects.csv"
    assert column(loaded(tmp_path / "t.csv", text, bad_rows="reject", rejects=rejects), "id") == [1, 3]
    assert rejects.read_text().endswith(f",2,{long}\n")
    # Beside texts it is one.
    assert column(loaded(tmp_path / "t.csv", text + "4,none\n"), "f")[1] == long


def test_text_behind_a_closed_quote_makes_a_row_wrong(tmp_path: Path) -> None:
    text = 'id,s\n1,"a" \n2,"b"c\n3,"say \\"hi\\""\n4,d"e"\n'
    with pytest.raises(gr.InvalidDataError, match="line 3: column `s`: there is text behind the quote"):
        loaded(tmp_path / "t.csv", text)
    rejects = tmp_path / "rejects.csv"
    graph = loaded(tmp_path / "t.csv", text, bad_rows="reject", rejects=rejects)
    assert column(graph, "s") == ["a", 'd"e"']
    assert [line.rsplit(",", 2)[1:] for line in rejects.read_text().splitlines()[1:]] == [
        ["2", '"b"c'],
        ["3", '"say \\"hi\\""'],
    ]
    with pytest.raises(gr.InvalidDataError, match="line 3: field 2: there is text"):
        graph.query(f"LOAD CSV FROM '{tmp_path}/t.csv' AS row RETURN row")
    with pytest.raises(gr.InvalidDataError, match="line 1: there is text behind"):
        loaded(tmp_path / "t.csv", '"id"x,s\n1,2\n')


@pytest.mark.parametrize("text", ["[]", " [\n ]\n", "", "\n"])
def test_files_without_objects_are_tables_without_rows(tmp_path: Path, text: str) -> None:
    graph = loaded(tmp_path / "t.json", text, types={"s": "string"})
    assert graph.query("MATCH (t:T) RETURN t").to_pylist() == []
    (tmp_path / "more.json").write_text('[{"id": 1}]')
    graph = gr.open()
    files = [tmp_path / "t.json", tmp_path / "more.json"]
    assert graph.load_nodes("T", files, key="id").loaded == 1
    assert graph.query(f"LOAD FROM '{tmp_path}/t.json' AS row RETURN row").to_pylist() == []
