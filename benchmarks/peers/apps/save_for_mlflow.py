"""Save the model in MLflow's form. Its server can't batch; arrays are the quickest input it takes."""

import os
import sys
from pathlib import Path

import mlflow
from loaded import load


class Model(mlflow.pyfunc.PythonModel):
    def load_context(self, context):  # noqa: ARG002
        self._predict = load(os.environ["BENCHMARK_MODEL"])

    def predict(self, context, model_input, params=None):  # noqa: ARG002
        return self._predict(model_input)


if __name__ == "__main__":
    mlflow.pyfunc.save_model(
        sys.argv[1], python_model=Model(), code_paths=[str(Path(__file__).with_name("loaded.py"))], pip_requirements=[]
    )
