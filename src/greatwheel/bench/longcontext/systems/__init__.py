"""The systems that answer the tasks."""
