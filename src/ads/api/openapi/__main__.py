"""``python -m ads.api.openapi``: write the description to standard output, as ``docs/openapi.json`` has it."""

import json

from ads.api.application import ROUTERS
from ads.api.openapi.document import describe

print(json.dumps(describe(ROUTERS), indent=1, ensure_ascii=False))
