"""TensorFlow through real processes: the registration guide's example, and every format deployed once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from ads.errors import ModelDeploymentPredictError

pytestmark = [
    pytest.mark.needs("tensorflow"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning"),
    pytest.mark.filterwarnings("ignore:In the future `np.object`:FutureWarning"),
]


class Digits:
    """The digits of scikit-learn in the place of those that the example downloads: 28 x 28 pixels, 0 to 255."""

    @staticmethod
    def load_data() -> Any:
        digits = load_digits()
        pictures = np.kron(digits.images, np.ones((1, 4, 4)))[:, 2:30, 2:30] * 255.0 / 16.0
        return (pictures[:1500], digits.target[:1500]), (pictures[1500:], digits.target[1500:])


def close(answer: dict[str, Any], expected: Any) -> bool:
    np.testing.assert_allclose(answer["prediction"], np.asarray(expected), rtol=1e-3, atol=1e-5)
    return True


def test_the_example_of_the_registration_guide_runs_as_written(local_service: Path, tmp_path: Path) -> None:
    import tensorflow as tf

    from ads.catalog.model import ModelCatalog
    from ads.common.model_metadata import UseCaseType
    from ads.model.framework.tensorflow_model import TensorFlowModel

    mnist = Digits()
    (x_train, y_train), (x_test, y_test) = mnist.load_data()  # noqa: RUF059 - as written
    x_train, x_test = x_train / 255.0, x_test / 255.0
    trainx, trainy = x_train, y_train  # the example leaves these two undefined

    tf_estimator = tf.keras.models.Sequential(
        [
            tf.keras.layers.Flatten(input_shape=(28, 28)),
            tf.keras.layers.Dense(128, activation="relu"),
            tf.keras.layers.Dropout(0.2),
            tf.keras.layers.Dense(10),
        ]
    )
    loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    tf_estimator.compile(optimizer="adam", loss=loss_fn, metrics=["accuracy"])
    tf_estimator.fit(x_train, y_train, epochs=1, verbose=0)

    tf_model = TensorFlowModel(tf_estimator, artifact_dir=tempfile.mkdtemp(dir=tmp_path))

    # Autogenerate score.py, pickled model, runtime.yaml, input_schema.json and output_schema.json
    tf_model.prepare(
        inference_conda_env="generalml_p37_cpu_v1",
        use_case_type=UseCaseType.MULTINOMIAL_CLASSIFICATION,
        X_sample=trainx,
        y_sample=trainy,
    )

    # Verify generated artifacts
    assert close(tf_model.verify(x_test[:1]), tf_estimator(x_test[:1]))

    # Register TensorFlow model
    model_id = tf_model.save()

    files = {path.name for path in Path(tf_model.artifact_dir).iterdir()}
    assert {
        "output_schema.json", "score.py", "runtime.yaml", "model.h5", ".model-ignore", "input_schema.json",
    } <= files  # fmt: skip
    assert tf_model.metadata_taxonomy["ArtifactTestResults"].value["runtime_env_path"]["category"] == "conda_env"
    assert "Failed" not in set(tf_model.introspect()["Result"])
    assert tf_model.schema_input[0].domain.stats["shape"] == [1500, 28, 28]
    assert ModelCatalog().get_model(model_id).metadata_taxonomy["Framework"].value == "tensorflow"

    # What the guide's other pages do next.
    tf_model.deploy(display_name="digits")
    try:
        expected = tf_estimator(x_test[:3])
        assert close(tf_model.predict(x_test[:3]), expected)
        assert close(tf_model.predict(x_test[:3].tolist()), expected)
        assert close(tf_model.predict(tf.constant(x_test[:3])), expected)
        assert close(tf_model.predict(x_test[0]), expected[:1])
        with pytest.raises(ModelDeploymentPredictError, match=r"the model takes \(None, 28, 28\)"):
            tf_model.predict(x_test[:3, :5])
        again = TensorFlowModel.from_id(tf_model.model_deployment_id, artifact_dir=str(tmp_path / "again"))
        assert close(again.predict(x_test[:3]), expected)
        assert close(again.verify(x_test[:3]), expected)
    finally:
        tf_model.delete(delete_associated_model_deployment=True)


@pytest.mark.parametrize(
    "options",
    [
        {"model_file_name": "model.keras"},
        {"model_file_name": "model"},
        pytest.param({"as_onnx": True}, marks=pytest.mark.needs("tf2onnx")),
    ],
    ids=["keras", "saved_model", "onnx"],
)
def test_the_endpoint_answers_as_the_estimator(local_service: Path, tmp_path: Path, options: dict[str, Any]) -> None:
    import tensorflow as tf

    from ads.model.framework.tensorflow_model import TensorFlowModel

    (x_train, y_train), (x_test, _) = Digits.load_data()
    layers = [tf.keras.Input((28, 28, 1)), tf.keras.layers.Conv2D(4, 5, 3), tf.keras.layers.Flatten()]
    estimator = tf.keras.Sequential([*layers, tf.keras.layers.Dense(10, "softmax")])
    estimator.compile("adam", "sparse_categorical_crossentropy")
    estimator.fit(x_train[..., None] / 255, y_train, verbose=0)
    rows = x_test[:4, ..., None] / 255
    model = TensorFlowModel(estimator, artifact_dir=str(tmp_path / "artifact"))
    model.prepare(X_sample=rows, **options)
    model.verify(rows)
    model.save(display_name="digits")
    model.deploy(display_name="digits")
    try:
        assert close(model.predict(rows), estimator(rows))
        assert close(model.predict(rows.tolist()), estimator(rows))
    finally:
        model.delete(delete_associated_model_deployment=True)
