"""The import path ``ads.model.deployment.common`` that users know."""
