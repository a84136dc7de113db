"""Lowering: a block is rewritten to what an engine can run, before it runs. Start reading at `pipeline`."""
