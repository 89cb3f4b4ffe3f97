"""Where the boxes of a drawn lineage stand."""

from __future__ import annotations

from typing import Any

from ads.console.lineage_graph import lineage_graph


def node(id_: str, kind: str = "model", **more: Any) -> dict[str, Any]:
    return {"id": id_, "kind": kind, "name": id_, "lifecycleState": "ACTIVE", **more}


def edge(start: str, end: str, kind: str) -> dict[str, str]:
    return {"from": start, "to": end, "kind": kind}


def test_what_came_first_stands_on_the_left() -> None:
    nodes = [node("new"), node("old"), node("s3://data", "data"), node("api", "deployment")]
    edges = [
        edge("new", "old", "derived-from"),
        edge("old", "s3://data", "trained-from"),
        edge("new", "api", "deployed-as"),
    ]
    drawn = lineage_graph(nodes, edges, "new")
    boxes = {box["name"]: box for box in drawn["boxes"]}
    assert boxes["s3://data"]["x"] < boxes["old"]["x"] < boxes["new"]["x"] < boxes["api"]["x"]
    assert [name for name, box in boxes.items() if box["here"]] == ["new"]
    assert boxes["api"]["place"] == "/console/deployments/api"
    assert boxes["s3://data"]["place"] is None
    assert (len(drawn["lines"]), drawn["left"]) == (3, 0)


def test_data_stands_beside_what_learnt_from_it_and_boxes_never_overlap() -> None:
    nodes = [node(f"m{n}") for n in range(4)] + [node("late", "data"), node("early", "data")]
    edges = [edge(f"m{n + 1}", f"m{n}", "derived-from") for n in range(3)]
    edges += [edge("m3", "late", "trained-from"), edge("m0", "early", "trained-from")]
    drawn = lineage_graph(nodes, edges, "m3")
    boxes = {box["name"]: box for box in drawn["boxes"]}
    assert boxes["late"]["x"] == boxes["m2"]["x"]
    assert len({(box["x"], box["y"]) for box in drawn["boxes"]}) == 6
    assert all(box["x"] + box["width"] <= drawn["width"] for box in drawn["boxes"])
    assert all(box["y"] + box["height"] <= drawn["height"] for box in drawn["boxes"])


def test_of_a_very_large_family_the_nearest_are_drawn() -> None:
    nodes = [node(f"m{n}") for n in range(200)]
    edges = [edge(f"m{n + 1}", f"m{n}", "derived-from") for n in range(199)]
    drawn = lineage_graph(nodes, edges, "m100")
    names = {box["name"] for box in drawn["boxes"]}
    assert {"m95", "m100", "m105"} <= names
    assert len(names) + drawn["left"] == 200
    assert "m0" not in names


def test_a_model_alone_is_one_box_with_a_long_name_cut() -> None:
    drawn = lineage_graph([node("x" * 300)], [], "x" * 300)
    assert [len(box["brief"]) for box in drawn["boxes"]] == [22]
    assert drawn["lines"] == []
