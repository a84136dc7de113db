"""Slack: mentions and direct messages become tasks, threads are sessions, what happens is posted back."""
