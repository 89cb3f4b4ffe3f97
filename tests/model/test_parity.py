"""The rows that stay in the artifact with their answers."""

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

from ads.artifact.sample import ParitySample
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.parity import answer_of


def test_answers_as_a_generated_script_gives_them():
    assert answer_of({"prediction": np.array([1, 2])}) == {"prediction": [1, 2]}
    assert answer_of({"prediction": pd.Series(["a"])}) == {"prediction": ["a"]}
    assert answer_of({"prediction": pd.DataFrame({"a": [1.5]})}) == {"prediction": [[1.5]]}
    assert answer_of({"prediction": object()}) is None
    assert answer_of({"prediction": [float("nan")]}) is None


def test_a_model_of_texts(tmp_path):
    texts = ["good day", "bad night", "good night", "bad day", "good good", "bad bad"]
    model = make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, [1, 0, 1, 0, 1, 0])
    wrapped = SklearnModel(model, artifact_dir=str(tmp_path / "a")).prepare(X_sample=texts)
    sample = ParitySample.read(tmp_path / "a")
    assert len(sample.cases[0].answer["prediction"]) == 5
    assert wrapped.verify(texts) == {"prediction": [1, 0, 1, 0, 1, 0]}
    assert wrapped.verify(pd.Series(texts[:2])) == {"prediction": [1, 0]}


def test_an_estimator_that_refuses_the_sample_leaves_none(classifier, tmp_path):
    model = SklearnModel(classifier, artifact_dir=str(tmp_path / "a"))
    model.prepare(X_sample=pd.DataFrame({"raw": ["x", "y"]}))
    assert ParitySample.read(tmp_path / "a") is None
