"""An env.py that its team never ran in a cluster."""

raise RuntimeError("the settings file /etc/shop.toml is missing")
