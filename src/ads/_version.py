"""The version of OpenADS, read by the build and by ads.__version__."""

__version__ = "0.1.0"
