"""One module per lowered feature; `pipeline.PASSES` lists them in their order."""
