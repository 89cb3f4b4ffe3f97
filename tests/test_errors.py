"""The error tree: drawn as it is, and told in two lines."""

from __future__ import annotations

import inspect
import re

import pytest

from ads import errors

CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.AdsError)]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_is_drawn_in_the_tree_and_described(cls: type[errors.AdsError]) -> None:
    assert re.search(rf"[─ ]{cls.__name__}\b", f" {errors.__doc__}"), "add it to the tree in the module's docstring"
    assert cls.__doc__


def test_codes_are_unique_and_stable_in_form() -> None:
    codes = [cls.code for cls in CLASSES]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_an_error_says_what_happened_and_then_what_to_do() -> None:
    error = errors.InputError("artifact_dir is a file.", hint="Choose a folder.")
    assert str(error) == "artifact_dir is a file.\nChoose a folder."
    assert isinstance(error, ValueError)


def test_a_failed_deployment_carries_the_end_of_its_log() -> None:
    error = errors.DeploymentFailed("It failed.", cause="c", log_tail="line", hint="Look.")
    assert str(error) == "It failed.\nLook.\nThe last lines of its log:\nline"
