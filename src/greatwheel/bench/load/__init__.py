"""A server under load: many open streams, many requests, and not one event lost or told twice."""
