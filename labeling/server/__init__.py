"""Runs inside Label Studio's own process and virtual environment: sign-in by ticket, and a guard over annotators."""
