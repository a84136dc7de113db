"""Sessions that wait for a person: what they hold, and how soon they go on."""
