"""The HTTP API: `app.create_app` makes it for an installation, `serving.server_of` serves it."""
