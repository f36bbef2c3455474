"""Plans of ten questions of the benchmark without and with rules of the optimizer, as the page ``docs/plans.md``.

    python benches/explain_workloads.py          prints the page
    python benches/explain_workloads.py --write  writes it

The graphs are those of ``make bench-peers`` at a tenth of their size.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))

from peers.data import GRAPHS
from peers.data.graph import Scale, parameters
from peers.prepare import prepare
from peers.systems.grism import Grism
from peers.systems.system import Settings, named
from peers.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import grism_ray
    from peers.workloads import Workload

PAGE = Path(__file__).parent.parent / "docs" / "plans.md"
TENTH = Scale(0.1, 7)


@dataclass(frozen=True)
class Lesson:
    """A question, and what rules do to its plan."""

    workload: str
    text: str


LESSONS = (
    Lesson(
        "trails-3",
        "Nothing reads a path, so none is made: each page gets the number of paths that go on from it, one hop after "
        "the other, in a time that grows with the links and not with the paths. Paths that take a link twice are among "
        "those, and are subtracted by inclusion and exclusion: the corrections are the smaller patterns in which links "
        "coincide.",
    ),
    Lesson(
        "triangles",
        "A cycle has no such numbers, but its last page is only counted: for each link the lists of both ends are "
        "intersected. That the links differ follows from their ends, so that nothing compares them.",
    ),
    Lesson(
        "reach-3",
        "Only the ends of paths are read, and each counts once, so a search that comes to each page once takes the "
        "place of all paths. Equal ids are dropped in one table on all threads, and what is left is counted.",
    ),
    Lesson(
        "top-followed",
        "How many follow a person is the length of a list that is there already: no row is made for a follow. Of the "
        "sorted persons ten are wanted, so the sort keeps ten.",
    ),
    Lesson(
        "ends-2",
        "Each filter is asked of its own end alone, once for each person and not once for each path. What passes is "
        "counted by weights, and the one correction subtracts the follow of oneself that would be taken twice.",
    ),
    Lesson(
        "later-edge",
        "Two properties are compared, so the paths are made. The year of the first follow is fetched before the second "
        "hop multiplies the rows; that the two follows differ is known where one of them is later.",
    ),
    Lesson(
        "no-interest",
        "Whether a person has an interest is read from the length of a list, without a subplan that makes rows of the "
        "interests. The same rule counts what `COUNT { … }` and an OPTIONAL MATCH find.",
    ),
    Lesson(
        "city-pairs",
        "Rows are grouped by the cities themselves, which are numbers, and the properties are fetched once for each "
        "pair of cities instead of once for each row. Each city has an id of its own, so that no second grouping "
        "follows.",
    ),
    Lesson(
        "share-2",
        "The two teams have different ids, so they are different, and so are their incidences with the item: the test "
        "of three comparisons goes. Pairs are grouped by the two teams, which are numbers.",
    ),
    Lesson(
        "components",
        "What is asked of all items that an item reaches is the same for all items of one component. The components "
        "are found once, the smallest id is computed for each, and joined to the items, instead of a search from each "
        "item.",
    ),
)

HEAD = """# Plans without and with the optimizer's rules

Ten questions of [the benchmark](performance.md) over its graphs at a tenth of their size: the plan without the rules
that can be left out, which is what `rewrites="none"` asks for, and the plan that runs. The answers are the same.
`EXPLAIN VERBOSE` shows what each rule changed ([EXPLAIN](explain.md)). Rules that every plan needs, such
as those that move filters into scans and read only the columns that are used, work on both.

`benches/explain_workloads.py --write` writes this page, and a test compares the two.
"""


def page(scale: Scale) -> str:
    """The page, of graphs of a scale."""
    with tempfile.TemporaryDirectory() as directory:
        return "\n".join([HEAD, *sections(LESSONS, Path(directory), scale)])


def sections(lessons: Iterable[Lesson], directory: Path, scale: Scale) -> Iterator[str]:
    """A section for each question, whose graphs are made in the directory."""
    questions = {workload.name: workload for workload in WORKLOADS}
    opened: dict[str, grism_ray.Graph] = {}
    for lesson in lessons:
        question = questions[lesson.workload]
        if question.graph not in opened:
            opened[question.graph] = loaded(question.graph, directory, scale)
        yield section(lesson, question, opened[question.graph], parameters(directory / question.graph))


def loaded(name: str, directory: Path, scale: Scale) -> grism_ray.Graph:
    """A graph of the benchmark, in memory."""
    graph = GRAPHS[name]
    with contextlib.redirect_stdout(sys.stderr):
        prepare([graph], directory, scale)
    system = Grism(graph, directory / name, Settings(threads=2), "memory")
    system.open()
    system.load(directory / name)
    return system.opened


def section(lesson: Lesson, question: Workload, graph: grism_ray.Graph, given: dict[str, Any]) -> str:
    """The question, its plans, and what the rules did."""
    text = question.text("grism", "cypher") or ""
    own = named(text, given)
    before = graph.explain(text, own, threads=2, rewrites="none").strip()
    after = graph.explain(text, own, threads=2).strip()
    told = json.loads(graph.explain(text, own, threads=2, verbose=True, format="json"))
    without = json.loads(graph.explain(text, own, threads=2, verbose=True, format="json", rewrites="none"))
    always = {rule["name"] for rule in without["rules"]}
    rules = [f"`{rule['name']}`" for rule in told["rules"] if rule["name"] not in always]
    return f"""## {question.title}

```cypher
{text}
```

Without:

```text
{before}
```

With {" and ".join([", ".join(rules[:-1]), rules[-1]] if rules[1:] else rules)}:

```text
{after}
```

{textwrap.fill(lesson.text, 120)}
"""


def main() -> None:
    """Prints or writes the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write docs/plans.md instead of printing it")
    if parser.parse_args().write:
        PAGE.write_text(page(TENTH), encoding="utf-8")
    else:
        print(page(TENTH), end="")


if __name__ == "__main__":
    main()
