"""What ships for testers: conformance suites that every adapter passes, and in-process models."""
