"""What can go wrong. Every error is an Error; each is also the built-in one that a caller would expect."""


class Error(Exception):
    """Anything that this package raises of itself."""


class InvalidArgument(Error, ValueError):
    """A space, a setting or a trial is not as it has to be; the text names the field and the value."""


class NoResult(Error, LookupError):
    """The best trial was asked for before any has succeeded."""


class ProgramNotFound(Error, FileNotFoundError):
    """There is no service program where one was looked for."""


class ServiceError(Error, RuntimeError):
    """A service did not start, was not there, or did not answer; the same question may be asked again."""
