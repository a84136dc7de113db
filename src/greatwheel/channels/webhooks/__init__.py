"""Webhooks: signed payloads that come in become tasks; what happens in tasks is delivered to who subscribed to it."""
