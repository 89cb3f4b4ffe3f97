"""``.model-ignore``: relative paths only, and nothing that a model needs is dropped."""

from __future__ import annotations

import pytest

from ads.artifact import ignore
from ads.artifact.layout import list_files


@pytest.mark.parametrize(
    ("text", "path", "folder", "ignored"),
    [
        ("*.log", "a.log", False, True),
        ("*.log", "deep/a.log", False, True),
        ("*.log", "a.log.txt", False, False),
        ("/a.txt", "a.txt", False, True),
        ("/a.txt", "b/a.txt", False, False),
        ("lib/", "lib", True, True),
        ("lib/", "deep/lib", True, True),
        ("lib/", "lib", False, False),
        ("lib/", "library.csv", False, False),
        ("env/", "environment.yaml", False, False),
        ("a/b", "a/b", False, True),
        ("a/b", "x/a/b", False, False),
        ("**/b", "x/a/b", False, True),
        ("a/**", "a/x/y", False, True),
        ("a/**/z", "a/z", False, True),
        ("a/**/z", "a/x/y/z", False, True),
        ("a/*", "a/x/y", False, False),
        ("?.txt", "a.txt", False, True),
        ("?.txt", "ab.txt", False, False),
        ("[ab].txt", "b.txt", False, True),
        ("[!ab].txt", "c.txt", False, True),
        ("[!ab].txt", "a.txt", False, False),
        ("*.py[cod]", "x.pyc", False, True),
        ("*.txt\n!keep.txt", "keep.txt", False, False),
        ("!keep.txt\n*.txt", "keep.txt", False, True),
        ("# *.txt", "a.txt", False, False),
        ("\\#a", "#a", False, True),
        ("\\!a", "!a", False, True),
        ("a.txt   ", "a.txt", False, True),
        ("a.txt\\ ", "a.txt ", False, True),
        ("a+(b).txt", "a+(b).txt", False, True),
        ("[z-a]", "b", False, False),
        ("/\n//\n!\n", "a", False, False),
        ("[", "[", False, True),
    ],
)
def test_rules_of_gitignore(text, path, folder, ignored):
    assert ignore.parse(text).ignores(path, folder=folder) is ignored


NEEDED = [
    "environment.yaml",
    "variables/variables.index",
    "distances.pkl",
    "library.csv",
    "parts.json",
    "downloads.txt",
    "lib/extension.so",
    "building_model.pkl",
    "run.log",
    "nlp.spec",
    "env.json",
    "dist/wheel.whl",
]


@pytest.mark.parametrize("parent", ["var", "lib", "env", "build", "dist", "tmp"])
def test_default_rules_drop_nothing_a_model_needs(tmp_path, parent):
    folder = tmp_path / parent / "artifact"
    for name in NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    ignore.write_default(folder / ".model-ignore")
    assert list_files(folder) == sorted([*NEEDED, ".model-ignore"])


def test_default_rules_drop_what_no_model_needs(tmp_path):
    unneeded = ".git/config .ipynb_checkpoints/a.ipynb __pycache__/a.pyc lib/__pycache__/b.pyc .env b.pyc .DS_Store"
    for name in unneeded.split():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert list_files(tmp_path) == []


def test_some_folders_are_never_packed(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("x")
    (tmp_path / ".model-ignore").write_text("!.git/\n")
    assert list_files(tmp_path) == [".model-ignore"]


def test_own_files_are_never_ignored(tmp_path):
    (tmp_path / ".model-ignore").write_text("*\n")
    (tmp_path / "score.py").write_text("")
    (tmp_path / "runtime.yaml").write_text("")
    (tmp_path / "other.txt").write_text("")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/model.pkl").write_text("")
    (tmp_path / "deep/rest").write_text("")
    assert list_files(tmp_path) == [".model-ignore", "runtime.yaml", "score.py"]
    assert list_files(tmp_path, keep=["deep/model.pkl", "../outside", "nothing"]) == [
        ".model-ignore",
        "deep/model.pkl",
        "runtime.yaml",
        "score.py",
    ]
    (tmp_path / "score_recipe.json").write_text('{"model_file_name": "deep/model.pkl"}')
    assert "deep/model.pkl" in list_files(tmp_path)


def test_users_own_rules_stay(tmp_path):
    (tmp_path / ".model-ignore").write_text("secret*\n")
    ignore.write_default(tmp_path / ".model-ignore")
    assert (tmp_path / ".model-ignore").read_text() == "secret*\n"
