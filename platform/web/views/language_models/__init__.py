"""Pages about language models: whom to ask, and what they are told."""
