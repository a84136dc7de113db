"""What an installation offers, by its settings."""

from __future__ import annotations

import os
from collections.abc import Mapping

from greatwheel.channels.http.offer import Offer, Price
from greatwheel.llm.offered import OfferedModels
from greatwheel.server.settings import ModelSettings


def offer_of(chosen: ModelSettings, environment: Mapping[str, str] = os.environ) -> Offer:
    """The models of these settings, and their prices."""
    models = OfferedModels(chosen.model or None, chosen.environment(environment))
    prices = {name: Price(prompt=each.prompt, completion=each.completion) for name, each in chosen.prices.items()}
    return Offer(models=models.list, prices=prices, currency=chosen.currency)
