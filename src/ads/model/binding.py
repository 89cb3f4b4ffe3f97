"""A method that works on a class as well as on one of its instances, as some verbs of the models do."""

from __future__ import annotations

from types import MethodType

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["class_or_instance_method"]


class class_or_instance_method:  # noqa: N801 - a decorator reads like a word
    """Passes the instance when there is one, else the class, as the first argument."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.__doc__ = function.__doc__
        self.__wrapped__ = function

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        return MethodType(self.__wrapped__, owner if instance is None else instance)
