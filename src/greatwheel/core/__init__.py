"""The shared vocabulary. Imports only the standard library."""
