"""Where replicas run. Each engine has the few methods of :class:`ads.deploy.engines.base.Engine`."""
