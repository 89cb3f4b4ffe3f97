"""What the real oracle-ads does, as a black box: run by its own interpreter, orders on stdin, the answer in a file.

``python original.py ANSWER_FILE < order.json`` with ``{"do": "write" | "check" | "plain" | "schema" | "runtime" |
"service", ...}``. It imports nothing of this project. It works offline: the list of conda packs, which the original
reads from the public cloud, is replaced by one pack, and so is the address that its introspection asks.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from pathlib import Path

SLUG = "generalml_p38_cpu_v1"
PACK = f"oci://service-conda-packs@id19sfcrra6z/service_pack/cpu/General_Machine_Learning_for_CPUs_on_Python_3.8/1.0/{SLUG}"
PYTHON = "3.8"


def work_offline() -> None:
    """Let the original find its packs without the public cloud."""
    try:
        from ads.model.runtime import env_info

        env_info.get_service_packs = lambda *_args, **_kwargs: ({PACK: (SLUG, PYTHON)}, {SLUG: (PACK, PYTHON)})
    except ImportError:
        print("this version has another layout; prepare() goes without conda packs")


def iris():
    """The iris data with short column names."""
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True, as_frame=True)
    return X.set_axis(["a", "b", "c", "d"], axis=1), y


def mixed():
    """A frame with numbers, texts and booleans, and a target."""
    X, y = iris()
    X = X.assign(kind=[f"k{i % 3}" for i in range(len(X))], yes=[i % 2 == 0 for i in range(len(X))])
    return X, y


class Doubler:
    """A model of no framework."""

    def predict(self, data):
        """Twice the first column."""
        rows = data.values.tolist() if hasattr(data, "values") else data
        return [2 * row[0] for row in rows]


def linear():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=500)


def pipeline():
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encode = make_column_transformer((OneHotEncoder(), ["kind"]), remainder="passthrough")
    return make_pipeline(encode, linear())


def xgb():
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=5, max_depth=3)


def lgbm():
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=5, verbose=-1)


def booster(X, y):
    import lightgbm

    return lightgbm.train({"objective": "regression", "verbose": -1}, lightgbm.Dataset(X, y), num_boost_round=5)


def module():
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).double()


def network():
    import tensorflow as tf

    tf.keras.utils.set_random_seed(0)
    layers = tf.keras.layers
    return tf.keras.Sequential([tf.keras.Input((4,)), layers.Dense(5, "relu"), layers.Dense(3, "softmax")])


def tiny():
    """Return the module of tiny models that the other tests use; it imports nothing but the frameworks."""
    spec = importlib.util.spec_from_file_location("tiny", Path(__file__).parents[2] / "tiny_transformers.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def texts():
    import tempfile

    return tiny().text_classifier(Path(tempfile.mkdtemp()))


def spark_rows():
    """Return a Spark frame with columns of three types, and the label."""
    from pyspark.sql import SparkSession

    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    rows = [(float(i), "ab"[i % 2], i, float(i % 2)) for i in range(20)]
    return session.createDataFrame(rows, ["size", "town", "rooms", "label"])


def spark_pipeline():
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import DecisionTreeClassifier
    from pyspark.ml.feature import StringIndexer, VectorAssembler

    stages = [
        StringIndexer(inputCol="town", outputCol="index"),
        VectorAssembler(inputCols=["size", "index", "rooms"], outputCol="features"),
        DecisionTreeClassifier(maxDepth=2),
    ]
    return Pipeline(stages=stages).fit(spark_rows())


def onnx_of_boosting():
    """Return the arguments for a model of LightGBM or XGBoost in ONNX form."""
    from onnxmltools.convert.common.data_types import FloatTensorType

    return {"as_onnx": True, "initial_types": [("input", FloatTensorType([None, 4]))]}


def onnx_of_torch():
    import torch

    return {"as_onnx": True, "onnx_args": (torch.zeros(2, 4),)}


FREE_ROWS = {"input_names": ["input"], "output_names": ["output"], "dynamic_axes": {"input": {0: "rows"}}}
"""What the original needs to be told, for another number of rows than that of onnx_args."""


def construct(cls, kind: str, model, folder: str, options: dict):
    """Return a new object of the class; the embedding model's files are there before it."""
    if kind == "embedding onnx":
        tiny().write_embedding_model(Path(folder), pooled=True)
        return cls(artifact_dir=folder)
    return cls(model, artifact_dir=folder, **options)


def npy(array) -> str:
    """Return an array as the SDKs send it."""
    import base64
    import io

    import numpy as np

    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return base64.b64encode(stream.getvalue()).decode()


WITHOUT_TABLE = ("generic", "torchscript", "torch onnx", "tensorflow", "huggingface", "embedding onnx")
"""Kinds whose models take something else than the frame of :func:`estimator`."""


def estimator(kind: str):
    """Return class name, estimator, sample frame, target and the arguments of the constructor and of prepare()."""
    X, y = mixed() if kind == "sklearn pipeline" else iris()
    if kind == "sklearn array":
        X = X.to_numpy()
    if kind == "tensorflow onnx":
        X, y = X.to_numpy().astype("float32"), None
    if kind == "spark":
        X, y = spark_rows().drop("label"), None
    made = {
        "sklearn joblib": lambda: ("SklearnModel", linear().fit(X, y), {}, {}),
        "sklearn array": lambda: ("SklearnModel", linear().fit(X, y), {}, {}),
        "sklearn cloudpickle": lambda: (
            "SklearnModel",
            linear().fit(X, y),
            {"model_save_serializer": "cloudpickle"},
            {},
        ),
        "sklearn pipeline": lambda: ("SklearnModel", pipeline().fit(X, y), {}, {}),
        "generic": lambda: ("GenericModel", Doubler(), {}, {}),
        "generic sklearn": lambda: ("GenericModel", linear().fit(X, y), {}, {}),
        "xgboost": lambda: ("XGBoostModel", xgb().fit(X, y), {}, {}),
        "lightgbm": lambda: ("LightGBMModel", lgbm().fit(X, y), {}, {}),
        "lightgbm booster": lambda: ("LightGBMModel", booster(X, y), {}, {}),
        "torchscript": lambda: ("PyTorchModel", module(), {}, {"use_torch_script": True}),
        "tensorflow": lambda: ("TensorFlowModel", network(), {}, {"model_file_name": "model.keras"}),
        "huggingface": lambda: ("HuggingFacePipelineModel", texts(), {}, {}),
        "spark": lambda: ("SparkPipelineModel", spark_pipeline(), {}, {}),
        "sklearn onnx": lambda: ("SklearnModel", linear().fit(X, y), {}, {"as_onnx": True}),
        "xgboost onnx": lambda: ("XGBoostModel", xgb().fit(X.to_numpy(), y), {}, onnx_of_boosting()),
        "lightgbm onnx": lambda: ("LightGBMModel", lgbm().fit(X, y), {}, onnx_of_boosting()),
        "torch onnx": lambda: ("PyTorchModel", module().float(), {}, onnx_of_torch()),
        "tensorflow onnx": lambda: ("TensorFlowModel", network(), {}, {"as_onnx": True}),
        "embedding onnx": lambda: ("EmbeddingONNXModel", None, {}, {"model_file_name": "model.onnx"}),
    }[kind]()
    return (*made, X, y)


def payloads(kind: str, X) -> dict:
    """Return what is sent without help of the SDK, as JSON."""
    if kind == "torchscript":
        rows = X.head(4).to_numpy().tolist()
        return {
            "tensor": {
                "data": {"__ads_torch_tensor__": 1, "data": rows, "dtype": "torch.float64"},
                "data_type": "torch.Tensor",
            }
        }
    if kind in ("tensorflow", "tensorflow onnx", "torch onnx"):
        rows = (X[:4] if kind == "tensorflow onnx" else X.head(4).to_numpy()).astype("float32")
        found = {"array": {"data": npy(rows), "data_type": "<class 'numpy.ndarray'>"}}
        return {**found, "rows": rows.tolist()} if kind.endswith("onnx") else found
    if kind == "spark":
        lines = X.limit(4).toJSON().collect()
        return {
            "lines": lines,
            "lines in an envelope": {"data": lines},
            "one line in an envelope": {"data": lines[0]},
            "records": [json.loads(line) for line in lines],
        }
    if kind == "embedding onnx":
        return {
            "a text": {"input": "a day", "model": "tiny"},
            "texts": {"input": ["a good film", "day"], "model": "tiny", "encoding_format": "float", "user": "me"},
        }
    if kind == "huggingface":
        return {
            "a text": "a good film",
            "texts": ["a good film", "the bad day"],
            "arguments of the call": {"inputs": "a good film", "top_k": 2},
            "an envelope": {"data": ["a bad day"], "data_type": "huggingface"},
        }
    if kind == "generic":
        return {"rows": [[1.5, 2.0], [3.0, 4.0]]}
    if hasattr(X, "to_numpy"):
        found = {
            "columns": X.head(4).to_dict("list"),
            "columns in an envelope": {"data": X.head(4).to_dict("list")},
        }
        if kind not in ("sklearn pipeline", "xgboost"):
            found["rows"] = X.head(4).to_numpy().tolist()
            found["rows in an envelope"] = {"data": X.head(4).to_numpy().tolist(), "data_type": "<class 'list'>"}
        return found
    return {"rows": X[:4].tolist(), "rows in an envelope": {"data": X[:4].tolist()}}


def model_class(name: str):
    import ads.model

    return getattr(ads.model, name)


def write(order: dict) -> dict:
    """Prepare an artifact; answer what the original itself answers to the payloads, and to its SDK's forms."""
    name, model, options, extra, X, y = estimator(order["kind"])
    wrapper = construct(model_class(name), order["kind"], model, order["folder"], options)
    conda = {"ignore_conda_error": True} if order.get("no_conda") else {"inference_conda_env": SLUG}
    samples = {} if order["kind"] in WITHOUT_TABLE else {"X_sample": X, "y_sample": y}
    name_given = {"model_file_name": "model.pt"} if order["kind"] == "torchscript" else {}
    if order["kind"] == "torch onnx":
        extra = {**extra, **FREE_ROWS}
    try:
        wrapper.prepare(force_overwrite=True, **conda, **samples, **name_given, **extra)
    except Exception as error:
        if order["kind"] not in FAILING:
            raise
        return {"failed": f"{type(error).__name__}: {error}"}
    bodies = {} if order.get("older") and order["kind"] in NATIVE else payloads(order["kind"], X)
    answers = {label: wrapper.verify(body, auto_serialize_data=False) for label, body in bodies.items()}
    result = {"class": name, "payloads": bodies, "answers": answers}
    data = sample(order["kind"])
    if data is not None:
        result["sdk"] = wrapper.verify(data, auto_serialize_data=True)
    return result


FAILING = ("xgboost onnx", "tensorflow onnx")
"""Kinds that the original can't write with the versions of today; what it says is a row of the table."""

NATIVE = ("torchscript", "huggingface")
"""Kinds whose data travelled in another form before 2.15."""


def sample(kind: str):
    """Return data as a user of the SDK has it; None for kinds that only take plain lists."""
    if kind in ("generic", "embedding onnx"):
        return None
    if kind == "spark":
        return spark_rows().drop("label").limit(7)
    if kind == "huggingface":
        return ["a good film", "the bad day"]
    X, _ = mixed() if kind == "sklearn pipeline" else iris()
    if kind == "torchscript":
        import torch

        return torch.tensor(X.head(7).to_numpy())
    if kind in ("tensorflow", "tensorflow onnx", "torch onnx"):
        return X.head(7).to_numpy().astype("float32")
    return X.to_numpy()[:7] if kind == "sklearn array" else X.head(7)


def check(order: dict) -> dict:
    """Load an artifact of ours, and answer the payloads."""
    wrapper = model_class(order["class"]).from_model_artifact(
        order["folder"], artifact_dir=order["copy"], reload=True, ignore_conda_error=False
    )
    answers = {label: wrapper.verify(body, auto_serialize_data=False) for label, body in order["payloads"].items()}
    found = {
        "answers": answers,
        "python": str(wrapper.runtime_info.model_deployment.inference_conda_env.inference_python_version),
    }
    data = sample(order["kind"])
    if data is not None:
        found["sdk"] = wrapper.verify(data, auto_serialize_data=True)
    found["introspection"] = introspection(wrapper)
    return found


def introspection(wrapper) -> list:
    """Return the rows of the original's own checks that did not pass."""
    from unittest import mock

    packs = {"service_packs": [{"pack_path": PACK, "slug": SLUG, "python": PYTHON}]}
    answer = mock.Mock(ok=True, json=lambda: packs)
    with mock.patch("requests.request", return_value=answer), mock.patch("requests.get", return_value=answer):
        table = wrapper.introspect()
    return [
        [str(row["Test key"]), str(row["Result"]), str(row["Message"])]
        for _, row in table.iterrows()
        if row["Result"] != "Passed"
    ]


def plain(order: dict) -> dict:
    """Import score.py as a model server does, without ads, and answer the payloads."""
    spec = importlib.util.spec_from_file_location("score", str(Path(order["folder"]) / "score.py"))
    score = importlib.util.module_from_spec(spec)
    sys.path.insert(0, order["folder"])
    spec.loader.exec_module(score)
    assert score.load_model() is not None
    answers = {label: score.predict(body) for label, body in order["payloads"].items()}
    assert not [name for name in sys.modules if name == "ads" or name.startswith("ads.")], "score.py imported ads"
    return {"answers": answers}


def schema(order: dict) -> dict:
    """Read a schema file, check it, and write it again."""
    from ads.feature_engineering.schema import Schema

    found = Schema.from_file(order["file"])
    return {"valid": bool(found.validate_schema()), "document": json.loads(found.to_json()), "keys": list(found.keys)}


def make_schema(order: dict) -> dict:
    """Write the original's schema of the mixed frame."""
    from ads.feature_engineering.schema import SchemaFactory  # noqa: F401 - its presence is part of the contract

    wrapper = model_class("GenericModel")(Doubler(), artifact_dir=order["folder"])
    X, y = mixed()
    wrapper.prepare(ignore_conda_error=True, model_file_name="model.pkl", X_sample=X, y_sample=y, force_overwrite=True)
    return {"file": str(Path(order["folder"]) / "input_schema.json")}


def runtime(order: dict) -> dict:
    """Read a runtime.yaml."""
    from ads.model.runtime.runtime_info import RuntimeInfo

    info = RuntimeInfo.from_yaml(uri=order["file"])
    inference = info.model_deployment.inference_conda_env
    return {
        "version": info.model_artifact_version,
        "path": inference.inference_env_path,
        "python": inference.inference_python_version,
    }


def service(order: dict) -> dict:
    """Run a user's session against a service; the script beside this one has the steps."""
    import service_session

    return service_session.run(order)


def storage(order: dict) -> dict:
    """Run a session with buckets, sets, files and logs."""
    import storage_session

    return storage_session.run(order)


def files(order: dict) -> dict:
    """Use ocifs alone."""
    import storage_session

    return storage_session.files(order)


def realm(order: dict) -> dict:
    """Use a service that nothing but the environment and the profile's region lead to."""
    import fsspec

    import ads
    from ads.model import DataScienceModel

    ads.set_auth("api_key", oci_config_location=order["configuration"], profile=order["profile"])
    place = {"compartment_id": order["compartment"], "project_id": order["project"]}
    entry = DataScienceModel(display_name="by names", **place).with_artifact(order["folder"]).create()
    with fsspec.open(f"oci://{order['bucket']}/a.txt", "w", **ads.common.auth.default_signer()) as file:
        file.write("by names")
    return {"listed": [model.id for model in DataScienceModel.list(**place)] == [entry.id], "id": entry.id}


ORDERS = {
    "realm": realm,
    "storage": storage,
    "files": files,
    "write": write,
    "check": check,
    "plain": plain,
    "schema": schema,
    "make_schema": make_schema,
    "runtime": runtime,
    "service": service,
}


def main() -> None:
    """Do the order on stdin."""
    warnings.simplefilter("ignore")
    order = json.load(sys.stdin)
    if order["do"] not in ("plain", "storage"):
        work_offline()
    answer = ORDERS[order["do"]](order)
    Path(sys.argv[1]).write_text(json.dumps(answer, default=lambda value: value.tolist()))


if __name__ == "__main__":
    main()
