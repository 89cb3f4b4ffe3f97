"""Arrow tables reach the model column by column where that changes no answer, and the usual way everywhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pytest

from ads.worker import frames
from ads.worker.artifact_facts import facts_of
from ads.worker.bodies import read_body
from ads.worker.columnar import Columnar, Features
from ads.worker.script import import_script, load_model, prediction_function

from .conftest import Replica, receive


@pytest.fixture(scope="module")
def people() -> Any:
    import numpy as np
    import pandas as pd

    numbers = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "age": numbers.integers(18, 90, 200),
            "income": numbers.normal(3000, 900, 200).astype("float32"),
            "plan": numbers.choice(["basic", "pro"], 200),
            "active": numbers.random(200) > 0.3,
        }
    )


@pytest.fixture(scope="module")
def artifact(people: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact whose columns are an integer, a small float, texts and truth values."""
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from ads.model.framework.sklearn_model import SklearnModel

    folder = tmp_path_factory.mktemp("artifact")
    columns = ColumnTransformer([("plan", OneHotEncoder(), ["plan"])], remainder="passthrough")
    estimator = make_pipeline(columns, LinearRegression()).fit(people, people["age"] * 2.0)
    SklearnModel(estimator, artifact_dir=str(folder)).prepare(X_sample=people, y_sample=people["age"] * 2.0)
    return folder


def as_arrow(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def test_plain_columns_become_features_at_once(artifact: Path, people: Any) -> None:
    module = import_script(str(artifact))
    predict = prediction_function(module, load_model(module))
    facts = facts_of(str(artifact))
    facts.features = Columnar(str(artifact), module, predict).features
    table = pa.Table.from_pandas(people, preserve_index=False)
    body = as_arrow(table)
    found, _ = read_body(frames.Item(frames.ARROW, b"", body), facts)
    assert type(found) is Features
    usual, _ = read_body(frames.Item(frames.ARROW, b"", body), facts_of(str(artifact)))
    assert found.value.equals(module.__dict__["pre_inference"](usual))
    assert list(map(float, predict(found)["prediction"])) == predict(usual)["prediction"]
    # What would be taken otherwise one by one is left to the usual way.
    gap = table.set_column(0, "age", pa.array([None, *people["age"][1:].tolist()]))
    words = table.set_column(0, "age", pa.array(list(map(str, people["age"]))))
    for other in (gap, words, table.drop_columns(["age"])):
        assert type(read_body(frames.Item(frames.ARROW, b"", as_arrow(other)), facts)[0]) is dict


def ask(running: Replica, body: bytes, meta: bytes = b"{}") -> tuple[int, bytes]:
    with running.connect() as connection:
        item = frames.Item(frames.ARROW, meta, body)
        connection.sendall(frames.encode_frame(frames.PREDICT, 1, frames.encode_items([item])))
        return frames.decode_answers(receive(connection)[2])[0]


def test_a_replica_answers_arrow_as_it_answers_json(artifact: Path, people: Any) -> None:
    running = Replica(artifact)
    try:
        running.wait("ready")
        table = pa.Table.from_pandas(people, preserve_index=False)
        records = json.loads(people.to_json(orient="records"))
        status, wanted = running.predict(records)
        assert status == 200
        assert ask(running, as_arrow(table)) == (200, json.dumps(wanted, separators=(",", ":")).encode())
        status, body = ask(running, as_arrow(table), b'{"answer":"arrow"}')
        assert status == 200
        assert pa.ipc.open_stream(body).read_all().to_pydict() == wanted
        # In any order, with surplus columns, chunked.
        names = ["plan", "active", "more", "income", "age"]
        mixed = table.append_column("more", table.column("age")).select(names)
        chunked = pa.concat_tables([mixed.slice(0, 7), mixed.slice(7)])
        assert json.loads(ask(running, as_arrow(chunked))[1]) == wanted
        # A wrong cell is named as for every other form.
        records[3]["plan"] = "gold"
        refused = running.predict(records)
        plans = ["gold" if row == 3 else plan for row, plan in enumerate(people["plan"])]
        status, body = ask(running, as_arrow(table.set_column(2, "plan", pa.array(plans))))
        assert (status, json.loads(body)) == refused
        assert status != 200
        missing = table.set_column(1, "income", pa.array([None, *people["income"][1:].tolist()], pa.float32()))
        assert ask(running, as_arrow(missing))[0] == 400
        assert b"'income', row 0" in ask(running, as_arrow(missing))[1]
    finally:
        running.close()


def test_an_edited_script_gets_what_it_always_got(artifact: Path, people: Any, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "edited"
    shutil.copytree(artifact, folder)
    script = folder / "score.py"
    script.write_text(script.read_text("utf-8") + "\n# mine\n", encoding="utf-8")
    running = Replica(folder)
    try:
        running.wait("ready")
        table = pa.Table.from_pandas(people.head(), preserve_index=False)
        status, body = ask(running, as_arrow(table))
        assert status == 200
        assert len(json.loads(body)["prediction"]) == 5
    finally:
        running.close()
