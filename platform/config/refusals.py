"""The one family of errors that people are shown. Every other exception that escapes is a bug."""


class Refusal(Exception):
    """A request that cannot be carried out as it is; nothing was done.

    The reason says what is wrong and the way out. `field` names the argument, and so the form's field, that it is
    about; empty where it is about the whole request.
    """

    def __init__(self, reason: str, *, field: str = "") -> None:
        super().__init__(reason)
        self.field = field

    @property
    def reason(self) -> str:
        return str(self.args[0])

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason
