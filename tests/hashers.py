from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    """One iteration. The hash says so itself, hence a server with production's settings reads it too."""

    iterations = 1
