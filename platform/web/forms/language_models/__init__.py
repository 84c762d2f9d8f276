"""Forms about language models."""
