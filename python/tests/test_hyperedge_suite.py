"""The answers in the corpus are those of the naive model."""

from __future__ import annotations

import hyperedge_suite


def test_the_corpus_has_the_answers_of_the_naive_model() -> None:
    statements = 0
    for path, text in hyperedge_suite.files().items():
        assert path.read_text() == text, f"{path.name} is not what hyperedge_suite.py writes"
        statements += text.count("query \n")
    assert statements >= 150
