"""Tables of files through replicas that a job starts: every format, wrong rows, folders, object storage, kills."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.own_service import eventually
from tests.s3_server import CREDENTIALS, s3_server

from .conftest import variables

READ = {".csv": lambda path: pd.read_csv(path, dtype={"id": str}), ".parquet": pd.read_parquet}
READ[".jsonl"] = lambda path: pd.read_json(path, lines=True, dtype={"id": str})


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True, double_precision=15)
    return path


@pytest.mark.parametrize(("given", "wanted"), [(".csv", ".parquet"), (".parquet", ".jsonl"), (".jsonl", ".csv")])
def test_rows_and_predictions_stand_beside_each_other(
    predict: Any, model: Any, people: Any, tmp_path: Path, given: str, wanted: str
) -> None:
    source, target = write(people, tmp_path / f"in{given}"), tmp_path / f"out{wanted}"
    said = predict(f"{model.folder}/", "--input", str(source), "--output", str(target), "--rows", "120")
    assert "500 predictions" in said.stderr
    found = READ[wanted](target)
    assert list(found) == ["id", "age", "income", "plan", "prediction"]
    assert found["id"].tolist() == people["id"].tolist()
    assert found["prediction"].tolist() == pytest.approx(model.predict(people.drop(columns="id")).tolist())
    assert [path.name for path in tmp_path.iterdir() if "parts" in path.name or "partial" in path.name] == []


def test_a_csv_file_keeps_what_was_written(predict: Any, model: Any, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text('id,age,income,plan,note\n007,42,12.50,pro,"a, b"\n', encoding="utf-8")
    predict(f"{model.folder}/", "--input", "in.csv", "--output", "out.csv", "--workers", "1")
    header, line = (tmp_path / "out.csv").read_text("utf-8").splitlines()
    assert header == "id,age,income,plan,note,prediction"
    assert line.startswith('007,42,12.50,pro,"a, b",')


def test_chosen_columns_and_another_name(predict: Any, model: Any, people: Any, tmp_path: Path) -> None:
    write(people.head(3).assign(prediction=1), tmp_path / "in.parquet")
    run = (f"{model.folder}/", "--input", "in.parquet", "--workers", "1", "--output")
    refused = predict(*run, "out.parquet", code=2)
    assert "has a column 'prediction' already" in refused.stderr
    predict(*run, "out.parquet", "--column", "value")
    assert list(pd.read_parquet(tmp_path / "out.parquet"))[-2:] == ["prediction", "value"]
    predict(*run, "out.jsonl", "--keep", "id")
    assert list(json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])) == ["id", "prediction"]
    predict(*run, "out.csv", "--keep", "none")
    assert (tmp_path / "out.csv").read_text().splitlines()[0] == "prediction"
    assert "no column 'nobody'" in predict(*run, "out.csv", "--keep", "nobody", code=2).stderr


def test_a_wrong_row_is_named_and_leaves_no_output(predict: Any, model: Any, people: Any, tmp_path: Path) -> None:
    wrong = people.copy()
    wrong.loc[[7, 300], "plan"] = ["gold", None]
    write(wrong, tmp_path / "in.parquet")
    run = (f"{model.folder}/", "--input", "in.parquet", "--output", "out.parquet", "--workers", "1")
    refused = predict(*run, code=2)
    assert "in.parquet, row 8: " in refused.stderr
    assert "--errors keep" in refused.stderr
    assert not (tmp_path / "out.parquet").exists()
    told = predict(*run, "--errors", "keep", "--format", "json")
    outcome = json.loads(told.stdout)
    assert (outcome["rows"], outcome["failed"]) == (500, 2)
    found = pd.read_parquet(tmp_path / "out.parquet")
    assert found.index[found["error"].notna()].tolist() == [7, 300]
    assert found["prediction"].isna().tolist() == found["error"].notna().tolist()
    rest = people.drop(index=[7, 300], columns="id")
    assert found["prediction"].dropna().tolist() == pytest.approx(model.predict(rest).tolist())


def test_what_can_not_be_read_or_written(predict: Any, model: Any, people: Any, tmp_path: Path) -> None:
    run = (f"{model.folder}/", "--output", "out.csv", "--input")
    assert "There is nothing at" in predict(*run, "none.csv", code=2).stderr
    (tmp_path / "in.csv").write_text("age,age\n1,2\n", encoding="utf-8")
    assert "the column 'age' occurs twice" in predict(*run, "in.csv", code=2).stderr
    (tmp_path / "in.csv").write_text("age,plan\n1\n", encoding="utf-8")
    assert "row 2 has 1 values" in predict(*run, "in.csv", code=2).stderr
    (tmp_path / "in.jsonl").write_text('{"age": 1}\n{', encoding="utf-8")
    assert "line 2 is not JSON" in predict(*run, "in.jsonl", code=2).stderr
    (tmp_path / "in.parquet").write_text("nothing", encoding="utf-8")
    assert "is not a Parquet file" in predict(*run, "in.parquet", code=2).stderr
    write(people.drop(columns="plan"), tmp_path / "in.parquet")
    refused = predict(*run, "in.parquet", "--errors", "keep", "--rows", "20", code=2)
    assert "none of the first 20 rows can be predicted" in refused.stderr
    assert "'plan' is missing" in refused.stderr
    assert not list(tmp_path.glob("out.csv*"))


COUNTING = """
    import os

    def load_model():
        return 1

    def predict(data, model=load_model()):
        with open({log!r}, "a") as log:
            log.write("".join("%s\\n" % row["n"] for row in data))
        if any(row["n"] == 5 for row in data) and os.path.exists({hold!r}):
            os.read(os.open({hold!r}, os.O_RDONLY), 1)
        if any(row["n"] == 11 for row in data):
            os._exit(3)
        return {{"prediction": [row["n"] * 2 for row in data]}}
"""


def test_after_a_kill_the_same_command_goes_on(predict: Any, script: Any, tmp_path: Path) -> None:
    log, hold = tmp_path / "log", tmp_path / "hold"
    os.mkfifo(hold)
    folder = script(COUNTING.format(log=str(log), hold=str(hold)))
    (tmp_path / "in.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(10)), encoding="utf-8")
    run = [f"{folder}/", "--input", "in.jsonl", "--output", "out.csv", "--rows", "2", "--workers", "1"]
    command = [sys.executable, "-m", "ads.cli", "predict", *run]
    process = subprocess.Popen(command, cwd=tmp_path, env=variables(tmp_path / "home"))
    eventually(lambda: log.exists() and "5\n" in log.read_text(), 60, "the third chunk")  # it hangs there
    assert not (tmp_path / "out.csv").exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    hold.unlink()
    told = json.loads(predict(*run, "--format", "json").stdout)
    assert (told["rows"], told["resumed"]) == (10, 4)
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines == ["n,prediction", *(f"{n},{n * 2}" for n in range(10))]
    counted = log.read_text().split()
    assert [counted.count(str(n)) for n in range(10)] == [1, 1, 1, 1, 2, 2, 1, 1, 1, 1]
    assert not (tmp_path / "out.csv.parts").exists()


def test_what_was_done_for_another_input_does_not_count(predict: Any, script: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    folder = script(COUNTING.format(log=str(log), hold=str(tmp_path / "none")))
    rows = tmp_path / "in.jsonl"
    rows.write_text("".join(f'{{"n": {n}}}\n' for n in range(12)), encoding="utf-8")
    run = [f"{folder}/", "--input", "in.jsonl", "--output", "out.jsonl", "--rows", "2", "--workers", "1"]
    refused = predict(*run, code=2)
    assert "row 12: the process that ran the model ended while it predicted this row" in refused.stderr
    assert (tmp_path / "out.jsonl.parts").is_dir()
    rows.write_text("".join(f'{{"n": {n}}}\n' for n in (20, 21)), encoding="utf-8")
    assert json.loads(predict(*run, "--format", "json").stdout)["resumed"] == 0
    assert (tmp_path / "out.jsonl").read_text() == '{"n": 20, "prediction": 40}\n{"n": 21, "prediction": 42}\n'


def test_a_folder_becomes_a_folder_or_one_file(predict: Any, model: Any, people: Any, tmp_path: Path) -> None:
    days = tmp_path / "days" / "2026"
    days.mkdir(parents=True)
    write(people.iloc[:3], days / "a.csv")
    write(people.iloc[3:5], days / "b.csv")
    (days / "_notes.csv").write_text("not data", encoding="utf-8")
    run = (f"{model.folder}/", "--input", "days", "--workers", "1", "--output")
    predict(*run, "scored")
    names = sorted(str(path.relative_to(tmp_path)) for path in (tmp_path / "scored").rglob("*") if path.is_file())
    assert names == ["scored/2026/a.csv", "scored/2026/b.csv"]
    assert len(READ[".csv"](tmp_path / "scored/2026/b.csv")) == 2
    predict(*run, "all.parquet")
    assert pd.read_parquet(tmp_path / "all.parquet")["id"].tolist() == people["id"].tolist()[:5]
    assert "is not empty" in predict(*run, "scored", code=2).stderr


def test_object_storage(predict: Any, model: Any, people: Any, tmp_path: Path) -> None:
    import boto3

    with s3_server(tmp_path) as url:
        names = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
        store = boto3.client("s3", endpoint_url=url, **names)
        store.create_bucket(Bucket="data")
        for number in range(2):
            body = people.iloc[number * 50 : number * 50 + 50].to_parquet()
            store.put_object(Bucket="data", Key=f"in/{number}.parquet", Body=body)
        found = {**CREDENTIALS, "FSSPEC_S3_ENDPOINT_URL": url}
        run = (f"{model.folder}/", "--workers", "1", "--rows", "20", "--input", "s3://data/in", "--output")
        predict(*run, "s3://data/out.parquet", **found)
        store.download_file("data", "out.parquet", str(tmp_path / "out.parquet"))
        assert pd.read_parquet(tmp_path / "out.parquet")["id"].tolist() == people["id"].tolist()[:100]
        predict(*run, "s3://data/scored", **found)
        keys = [item["Key"] for item in store.list_objects_v2(Bucket="data")["Contents"]]
        assert keys == [
            "in/0.parquet",
            "in/1.parquet",
            "out.parquet",
            "scored/0.parquet",
            "scored/1.parquet",
            "scored/_SUCCESS",
        ]
