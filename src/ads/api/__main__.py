"""``python -m ads.api``: the control plane's process."""

import sys

from ads.api.server import main

sys.exit(main())
