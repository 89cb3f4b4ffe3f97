"""What one run of ``ads`` knows: the shared options, the settings, the output, the service."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.cli.output import Format, Output

if TYPE_CHECKING:
    from ads.client import Service
    from ads.home import Home
    from ads.settings import Settings

__all__ = ["Invocation"]


class Invocation:
    """Made once by ``main`` and handed to the command. Whatever is expensive is made when first asked for."""

    def __init__(self) -> None:
        self.format: Format = "human"
        self.debug = False
        self.home_argument: Path | None = None
        self.url_argument: str | None = None

    @property
    def output(self) -> Output:
        """The sink, in the format of the options read so far."""
        return Output(self.format)

    @cached_property
    def settings(self) -> Settings:
        """The settings that hold here. Raises :class:`~ads.errors.SettingError` when one can't be used."""
        return self.load_settings()

    def load_settings(self, **arguments: Any) -> Settings:
        """Return the settings with a command's own options on top; None means "not given"."""
        from ads.settings import load_settings

        return load_settings(home=self.home_argument, url=self.url_argument, **arguments)

    @property
    def home(self) -> Home:
        """The data directory of the service on this machine."""
        from ads.home import Home

        return Home(self.settings.home)

    @cached_property
    def service(self) -> Service:
        """The running service; a command never starts one. Raises :class:`~ads.errors.ServiceUnreachable`."""
        from ads.client import Service

        return Service.find(self.settings, start=False)
