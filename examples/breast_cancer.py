"""The main job, start to end: a scikit-learn model becomes an endpoint on this machine.

Run it with ``make demo``, or with ``python examples/breast_cancer.py``. It needs no account, no server and no
configuration; the service it starts keeps running until ``ads stop``.
"""

from __future__ import annotations

import json
import tempfile
import time

import psutil

BEGIN = psutil.Process().create_time()


class Steps:
    """Print one line per step with the seconds it took."""

    def __init__(self) -> None:
        self.last = BEGIN

    def done(self, name: str, detail: object = "") -> None:
        now = time.time()
        print(f"{name:<10} {now - self.last:6.2f} s  {detail}", flush=True)
        self.last = now


def main() -> None:
    steps = Steps()
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from ads.common.model_metadata import UseCaseType
    from ads.model.framework.sklearn_model import SklearnModel

    steps.done("import", "scikit-learn and ads")

    data = load_breast_cancer(as_frame=True)
    x_train, x_test, y_train, y_test = train_test_split(data.data, data.target, random_state=0)
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(x_train, y_train)
    steps.done("train", f"breast cancer data, accuracy {estimator.score(x_test, y_test):.3f}")

    model = SklearnModel(estimator, artifact_dir=tempfile.mkdtemp(prefix="breast-cancer-"))
    model.prepare(
        use_case_type=UseCaseType.BINARY_CLASSIFICATION, X_sample=x_train, y_sample=y_train, force_overwrite=True
    )
    steps.done("prepare", model.artifact_dir)

    model.verify(x_test.head(10))
    steps.done("verify", "score.py answers as the estimator does")

    model_id = model.save(display_name="breast-cancer")
    steps.done("save", model_id)

    deployment = model.deploy(display_name="breast-cancer")
    steps.done("deploy", deployment.url)

    prediction = model.predict(x_test.head(10))["prediction"]
    steps.done("predict", prediction)
    print(f"{'in all':<10} {steps.last - BEGIN:6.2f} s  from Python's start to the first prediction")

    expected = estimator.predict(x_test.head(10)).tolist()
    if prediction != expected:
        raise SystemExit(f"The endpoint answered {prediction}, the estimator {expected}.")
    print("\nThe ten predictions equal the estimator's.")
    print(f"\nEndpoint:  {deployment.url}/predict\n\nCall it from anywhere on this machine:\n")
    print(curl_line(deployment.url, x_test.head(1).to_numpy().tolist()))
    print("\nLook around with `ads status`, `ads models ls`, `ads deployments ls`. End the service with `ads stop`.")


def curl_line(url: str, rows: list[list[float]]) -> str:
    """Return a command that works when pasted into a shell of this user."""
    from ads.home import Home
    from ads.settings import load_settings

    token_file = Home(load_settings().home).token_file
    return (
        f"curl -sS {url}/predict -H 'Content-Type: application/json' \\\n"
        f"  -H \"Authorization: Bearer $(cat '{token_file}')\" \\\n"
        f"  -d '{json.dumps(rows)}'"
    )


if __name__ == "__main__":
    main()
