"""The routes of the gateway, a module per family."""
