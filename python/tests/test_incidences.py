"""Incidence tables: rows of one key are one hyperedge, cells hold lists, several tables make one type."""

from __future__ import annotations

import csv
import random
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

import grism_ray as gr
import shared

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

COOKS = ("Ada", "Bo", "Cy", "Di; Jr", "Eve")
Row = Mapping[str, Any]


def kitchen(path: Path | None = None) -> gr.Graph:
    graph = gr.open(path)
    graph.execute("CREATE HYPEREDGE TYPE DISH (cook Cook*, cuisine Cuisine, garnish Herb?)")
    graph.load_nodes("Cook", pa.table({"name": COOKS}), key="name")
    graph.load_nodes("Cuisine", pa.table({"code": [1, 2]}), key="code")
    graph.load_nodes("Herb", pa.table({"name": ["dill", "mint"]}), key="name")
    return graph


def dishes(graph: gr.Graph) -> dict[object, tuple[object, ...]]:
    """What the graph holds: for each dish its cooks in order, its cuisine, its garnish and its other properties."""
    found: dict[object, tuple[object, ...]] = {}
    for row in graph.query("MATCH (d:DISH) RETURN id(d) AS id, properties(d) AS p", engine="local").to_pylist():
        properties = {name: value for name, value in row["p"].items() if value is not None}
        found[row["id"]] = ([], None, None, properties)
    text = (
        "MATCH (d:DISH)-[r:cook|cuisine|garnish]->(m) "
        "RETURN id(d) AS id, type(r) AS role, coalesce(m.name, m.code) AS m ORDER BY id, role, position(r)"
    )
    for row in graph.query(text, engine="local").to_pylist():
        cooks, cuisine, garnish, properties = found[row["id"]]
        if row["role"] == "cook":
            cooks.append(row["m"])  # type: ignore[attr-defined]
        elif row["role"] == "cuisine":
            cuisine = row["m"]
        else:
            garnish = row["m"]
        found[row["id"]] = (cooks, cuisine, garnish, properties)
    keyed = {dish[3].pop("dish"): dish for dish in found.values()}  # type: ignore[attr-defined]
    assert len(keyed) == len(found)
    return keyed


def expected(rows: Iterable[Row]) -> dict[object, tuple[object, ...]]:
    """What rows that agree are, computed with a dict."""
    made: dict[object, tuple[object, ...]] = {}
    for row in rows:
        cooks, cuisine, garnish, properties = made.setdefault(row["dish"], ([], None, None, {}))
        if row.get("cook") is not None:
            cooks.append(row["cook"])  # type: ignore[attr-defined]
        known = ("dish", "cook", "cuisine", "garnish")
        said = {name: value for name, value in row.items() if name not in known and value is not None}
        properties.update(said)  # type: ignore[attr-defined]
        values = (row.get("cuisine") or cuisine, row.get("garnish") or garnish)
        made[row["dish"]] = (cooks, *values, properties)
    return made


def incidences(dishes: int, rows: int, seed: int) -> list[Row]:
    """Rows in no order, that agree; what they have in common stands in some of them only."""
    random_ = random.Random(seed)
    table: list[Row] = []
    for number in range(rows):
        dish = number if number < dishes else random_.randrange(dishes)
        is_first = number < dishes
        table.append(
            {
                "dish": f"dish {dish}",
                "cook": random_.choice((*COOKS, None)),
                "cuisine": dish % 2 + 1 if is_first or random_.random() < 0.5 else None,
                "garnish": ("dill", "mint", None)[dish % 3],
                "price": dish / 4 if random_.random() < 0.5 else None,
                "steps": [dish, dish + 1] if random_.random() < 0.5 else None,
            }
        )
    random_.shuffle(table)
    return table


@pytest.mark.parametrize("limit", [None, 1])
def test_rows_in_any_order_are_the_hyperedges_of_their_keys(tmp_path: Path, limit: int | None) -> None:
    rows = incidences(3_000, 20_000, seed=1)
    graph = kitchen(tmp_path / "g.grism")
    table = pa.Table.from_pylist(rows).combine_chunks()
    batches = pa.Table.from_batches(table.to_batches(max_chunksize=1_000))
    report = graph.load_hyperedges("DISH", batches, group_by="dish", memory_limit=limit)
    assert (report.rows, report.loaded, report.rejected) == (20_000, 3_000, 0)
    right = expected(rows)
    assert dishes(graph) == right
    assert report.unbound == {
        "garnish": sum(dish[2] is None for dish in right.values()),
        "cook": sum(not dish[0] for dish in right.values()),
    }
    assert graph.check()["problems"] == []


def test_more_rows_than_memory_holds_are_grouped_in_files(tmp_path: Path) -> None:
    rows = 80_000
    random_ = random.Random(7)
    keys = [random_.randrange(15_000) for _ in range(rows)]
    who = [random_.choice(COOKS) for _ in range(rows)]
    path = tmp_path / "dishes.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["dish", "cook", "cuisine", "note"])
        writer.writerows([key, cook, key % 2 + 1, f"{key:060}"] for key, cook in zip(keys, who, strict=True))
        # One dish is larger than all that memory may hold of the rows.
        writer.writerows(["big", "Bo", 1, "x" * 60] for _ in range(20_000))
    graph = kitchen()
    report = graph.load_hyperedges("DISH", path, group_by="dish", memory_limit=32 << 20, types={"note": "string"})
    made: dict[str, list[str]] = {}
    for key, cook in zip(keys, who, strict=True):
        made.setdefault(str(key), []).append(cook)
    assert (report.rows, report.loaded) == (100_000, len(made) + 1)
    found = dishes(graph)
    assert len(found.pop("big")[0]) == 20_000  # type: ignore[arg-type]
    assert {key: dish[0] for key, dish in found.items()} == made
    for key, dish in found.items():
        number = int(str(key))
        assert dish[1:] == (number % 2 + 1, None, {"note": f"{number:060}"})


def test_rows_that_contradict_their_group_are_named_as_they_stood(tmp_path: Path) -> None:
    lines = [
        "dish,cook,cuisine,price",
        "soup,Ada,1,5",
        "stew,Bo,2,",
        ",Cy,1,1",
        "soup,Cy,2,5",
        '"",Cy,1,1',
        "soup,Bo,,",
        "pie,Ada,,3",
        "soup,Nobody,1,5",
        "stew,Di,2,",
        "soup,Eve,1,6",
        "soup,Ada,1,5",
        "pie,Bo,,3",
    ]
    path, rejects = tmp_path / "dishes.csv", tmp_path / "rejects.csv"
    path.write_text("\n".join(lines))
    graph = kitchen()
    with pytest.raises(gr.InvalidDataError, match="line 4: the column `dish`, which groups the rows, is null or empty"):
        graph.load_hyperedges("DISH", path, group_by="dish")
    options = {"group_by": "dish", "bad_rows": "reject", "missing": "reject", "rejects": rejects}
    report = graph.load_hyperedges("DISH", path, **options)  # type: ignore[arg-type]
    assert (report.rows, report.loaded, report.rejected, report.rejects_written) == (12, 2, 8, 8)
    assert dishes(graph) == {
        "soup": (["Ada", "Bo", "Ada"], 1, None, {"price": 5}),
        "stew": (["Bo"], 2, None, {}),
    }
    with rejects.open(newline="") as file:
        wrong = {int(row["_line"]): (row["_column"], row["_reason"]) for row in csv.DictReader(file)}
    assert set(wrong) == {4, 5, 6, 8, 9, 10, 11, 13}
    where = f"than in {path}, line 2, which has the same `dish` 'soup'"
    assert wrong[5] == ("cuisine", f"the role `cuisine` is bound to another member {where}")
    assert wrong[11] == ("price", f"`price` is another {where}")
    unbound = "the role `cuisine` is required, and no row with the `dish` 'pie' binds it"
    assert wrong[8] == wrong[13] == ("cuisine", unbound)
    assert wrong[9][1] == "cook 'Nobody' does not exist"
    text = rejects.read_text()
    assert all(lines[number - 1] in text for number in wrong)


def test_a_contradiction_ends_a_load_that_rejects_nothing(tmp_path: Path) -> None:
    graph = kitchen()
    table = pa.table({"dish": [7, 7, 7], "cook": ["Bo", None, "Ada"], "cuisine": [1, 1, None]})
    hot = table.append_column("hot", pa.array([True, None, False]))
    with pytest.raises(gr.InvalidDataError, match=r"DISH, row 3: `hot` is another than in row 1, which has the same"):
        graph.load_hyperedges("DISH", hot, group_by="dish")
    assert dishes(graph) == {}
    assert graph.load_hyperedges("DISH", table, group_by="dish").loaded == 1
    assert dishes(graph) == {7: (["Bo", "Ada"], 1, None, {})}


@pytest.mark.parametrize("bad_rows", ["error", "reject"])
def test_cells_hold_lists_of_members(tmp_path: Path, bad_rows: Any) -> None:
    path = tmp_path / "dishes.csv"
    path.write_text(
        'dish;cook;cuisine\na;Ada;1\nb;"Ada; Bo;Ada";2\nc;;1\nd;"";1\ne;"""Di; Jr"";Cy; ";2\nf;"Bo;""Di; Jr""";1\n'
    )
    graph = kitchen()
    rejects = tmp_path / "rejects.csv" if bad_rows == "reject" else None
    report = graph.load_hyperedges("DISH", path, split=";", delimiter=";", bad_rows=bad_rows, rejects=rejects)
    assert (report.loaded, report.rejected) == (6, 0)
    assert {dish: found[0] for dish, found in dishes(graph).items()} == {
        "a": ["Ada"],
        "b": ["Ada", "Bo", "Ada"],
        "c": [],
        "d": [],
        "e": ["Di; Jr", "Cy"],
        "f": ["Bo", "Di; Jr"],
    }
    with pytest.raises(gr.InvalidDataError, match="row 1: cook 'Zoe' does not exist"):
        graph.load_hyperedges("DISH", pa.table({"cook": ["Bo|Zoe"], "cuisine": [1]}), split="|")


@pytest.mark.parametrize("bad_rows", ["error", "reject"])
def test_cells_of_numbers_are_lists_too(tmp_path: Path, bad_rows: Any) -> None:
    graph = gr.open()
    graph.load_nodes("City", pa.table({"id": [1, 2, 3]}), key="id")
    graph.execute("CREATE HYPEREDGE TYPE LINE (stop City*)")
    path = tmp_path / "lines.csv"
    lines = [f"{number},{number % 3 + 1}" for number in range(2_000)]
    path.write_text("\n".join(["line,stop", *lines, "2000,1|2|3|1"]))
    rejects = tmp_path / "rejects.csv" if bad_rows == "reject" else None
    report = graph.load_hyperedges("LINE", path, split="|", bad_rows=bad_rows, rejects=rejects)
    assert (report.loaded, report.rejected, report.warnings) == (2_001, 0, [])
    text = "MATCH (l:LINE {line: 2000})-[s:stop]->(c) RETURN c.id AS id ORDER BY position(s)"
    assert [row["id"] for row in graph.query(text).to_pylist()] == [1, 2, 3, 1]


def test_several_tables_make_one_type(tmp_path: Path) -> None:
    graph = kitchen()
    menu = pa.table({"dish": ["a", "b", "c"], "cuisine": [1, 2, 2], "price": [1.5, None, 3.0]})
    made_by = tmp_path / "cooks.csv"
    made_by.write_text("cook,dish\nBo,b\nAda,a\nAda,b\nBo,a\nBo,b\n")
    more = pa.table({"dish": ["c", "a"], "garnish": ["mint", None], "note": [None, "hot"]})
    tables = [menu, made_by, more]
    report = graph.load_hyperedges("DISH", tables, group_by="dish")
    assert (report.rows, report.loaded) == (10, 3)
    assert dishes(graph) == {
        "a": (["Ada", "Bo"], 1, None, {"price": 1.5, "note": "hot"}),
        "b": (["Bo", "Ada", "Bo"], 2, None, {}),
        "c": ([], 2, "mint", {"price": 3.0}),
    }


def test_types_are_those_of_all_tables(tmp_path: Path) -> None:
    graph = kitchen()
    path = tmp_path / "cooks.csv"
    path.write_text("dish,cook\n1,Bo\n2,Ada\n")
    menu = pa.table({"dish": [1, 2], "cuisine": [1, 1]})
    assert graph.load_hyperedges("DISH", [menu, path], group_by="dish", types={"dish": "string"}).loaded == 2
    assert dishes(graph) == {"1": (["Bo"], 1, None, {}), "2": (["Ada"], 1, None, {})}
    with pytest.raises(gr.InvalidDataError, match="cuisine"):
        graph.load_hyperedges("DISH", [menu, path], group_by="dish", types={"cuisine": "string"})


def test_what_cannot_be_grouped_is_refused(tmp_path: Path) -> None:
    graph = kitchen()
    table = pa.table({"dish": ["a"], "cook": ["Bo"], "cuisine": [1]})
    with pytest.raises(gr.InvalidDataError, match="no column `dihs`; did you mean `dish`"):
        graph.load_hyperedges("DISH", table, group_by="dihs")
    other = table.rename_columns(["dish", "chef", "cuisine"])
    with pytest.raises(gr.InvalidDataError, match="no table has a column `cheff`; did you mean `chef`"):
        graph.load_hyperedges("DISH", [other, other], {"cook": "cheff", "cuisine": "cuisine"}, group_by="dish")
    with pytest.raises(gr.InvalidDataError, match="the key column `cost` holds Float64"):
        graph.load_hyperedges("DISH", pa.table({"cost": [1.5], "cuisine": [1]}), group_by="cost")
    with pytest.raises(gr.InvalidQueryError, match="split for roles that take many members"):
        graph.load_hyperedges("DISH", table, {"cuisine": "cuisine"}, split=";")
    with pytest.raises(gr.InvalidQueryError, match="must not be empty"):
        graph.load_hyperedges("DISH", table, split="")
    with pytest.raises(gr.InvalidQueryError, match="group_by"):
        graph.load_nodes("Cook", table, key="dish", group_by="dish")  # type: ignore[call-arg]
    assert dishes(graph) == {}


def test_members_of_groups_come_into_being_once() -> None:
    graph = kitchen()
    table = pa.table({"dish": ["a", "b", "a"], "cook": ["New", "New", "Ada"], "cuisine": [1, 9, 1]})
    report = graph.load_hyperedges("DISH", table, group_by="dish", missing="create")
    assert report.created == {"Cook": 1, "Cuisine": 1}
    assert dishes(graph) == {"a": (["New", "Ada"], 1, None, {}), "b": (["New"], 9, None, {})}


def test_a_key_that_is_a_member_groups_too() -> None:
    graph = kitchen()
    table = pa.table({"by": ["Bo", "Ada", "Bo"], "kind": [2, 1, 2], "dish": ["x", "y", "x"]})
    roles = {"cook": "by", "cuisine": "kind"}
    assert graph.load_hyperedges("DISH", table, roles, group_by="kind").loaded == 2
    assert dishes(graph) == {"x": (["Bo", "Bo"], 2, None, {}), "y": (["Ada"], 1, None, {})}


def test_copy_and_the_command_group_alike(tmp_path: Path) -> None:
    first, second = tmp_path / "dishes.csv", tmp_path / "cooks.csv"
    first.write_text("dish,cuisine,garnish\na,1,mint\nb,2,\n")
    second.write_text("dish,cook\nb,Ada;Bo\na,Cy\nb,Ada\n")
    right = {"a": (["Cy"], 1, "mint", {}), "b": (["Ada", "Bo", "Ada"], 2, None, {})}
    graph = kitchen()
    done = graph.execute(f"COPY DISH FROM '{first}', '{second}' (GROUP BY dish, SPLIT ';')").load
    assert done is not None
    assert (done.rows, done.loaded) == (5, 2)
    assert dishes(graph) == right
    path = tmp_path / "g.grism"
    kitchen(path)
    command = [str(shared.ROOT / "target" / "debug" / "grism"), "load", str(path), "DISH", str(first), str(second)]
    made = subprocess.run([*command, "--group-by", "dish", "--split", ";"], capture_output=True, text=True, check=False)
    assert (made.returncode, "DISH: 2 of 5 rows loaded" in made.stderr) == (0, True), made.stderr
    assert dishes(gr.open(path)) == right
