"""The routes, a module for each kind of thing. Each module has a `router`."""
