"""``ads init``: a small project that works as it is."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.errors import InputError

__all__ = ["PROJECT", "init"]

_TRAIN = '''\
"""Train a model and write its artifact: everything that a deployment needs, in one folder."""

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from ads.model.framework.sklearn_model import SklearnModel

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

estimator = RandomForestClassifier(n_estimators=50, random_state=0).fit(X_train, y_train)
auc = roc_auc_score(y_test, estimator.predict_proba(X_test)[:, 1])

model = SklearnModel(estimator, artifact_dir="artifact")
model.prepare(X_sample=X_train, y_sample=y_train, use_case_type="binary_classification", force_overwrite=True)
model.verify(X_test.head(10))

X_test.to_csv("rows.csv", index=False)
print(f"auc={auc:.4f}")
'''

_REQUIREMENTS = """\
openads
scikit-learn
"""

_README = """\
# A model with OpenADS

```sh
pip install -r requirements.txt
python train.py                                         # writes artifact/ and rows.csv, prints the model's AUC
ads serve --detach                                      # the service: catalog and deployments
ads verify artifact/ --input rows.csv -q                # what a deployment would answer
ads deploy artifact/ --set breast-cancer --name breast-cancer
ads predict breast-cancer --input rows.csv --output predictions.csv
ads deployments ls
```

`train.py` trains a scikit-learn estimator, writes its artifact and verifies it. Put your own estimator there.
The artifact is a folder of files that you can open: the model, `score.py`, the schemas, `requirements.txt`,
and a few sample rows whose predictions every deployment has to reproduce before it answers.

The next version:

```sh
ads push artifact/ --set breast-cancer --metric auc=0.99
ads models ls
ads models diff breast-cancer:1 breast-cancer:2
```

Tidy up:

```sh
ads deployments delete breast-cancer --yes
ads version-sets delete breast-cancer --with-models --yes
ads stop
```
"""

_IGNORED = """\
__pycache__/
artifact/
rows.csv
predictions.csv
"""

PROJECT = {"train.py": _TRAIN, "requirements.txt": _REQUIREMENTS, "README.md": _README, ".gitignore": _IGNORED}
"""The files of the project."""


@command("init", example="ads init\nads init churn/")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="[DIR]", default=".")
@pass_invocation
def init(invocation: Invocation, folder: Path) -> None:
    """Write an example project into DIR (default: here) and print its files. It works as it is.

    Nothing that is there is replaced: a file of the same name stops everything.
    """
    taken = [name for name in PROJECT if (folder / name).exists()]
    if taken:
        raise InputError(f"{folder / taken[0]} exists.", hint="Give another folder: ads init FOLDER")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in PROJECT.items():
        (folder / name).write_text(text, encoding="utf-8")
    output = invocation.output
    if output.format == "json":
        output.json([str(folder / name) for name in PROJECT])
    else:
        for name in PROJECT:
            output.text(str(folder / name))
    place = "" if folder == Path() else f"cd {shlex.quote(str(folder))} && "
    output.success("The project is ready.")
    output.hint(f"Train its model: {place}python train.py   (README.md says how to go on)")
