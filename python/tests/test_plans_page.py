"""The page of plans holds what the optimizer makes of the questions."""

from __future__ import annotations

import explain_workloads


def test_the_page_of_plans_is_up_to_date() -> None:
    written = explain_workloads.PAGE.read_text(encoding="utf-8")
    assert written == explain_workloads.page(explain_workloads.TENTH), "run `benches/explain_workloads.py --write`"
