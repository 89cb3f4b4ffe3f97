"""``python -m ads.cli``: the same as ``ads``."""

from ads.cli.main import main

if __name__ == "__main__":
    main()
