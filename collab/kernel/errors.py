"""What can go wrong in the domain. `web` turns each into a page or problem+json; nothing here knows HTTP."""

from collections.abc import Mapping


class DomainError(Exception):
    """Base of everything the domain refuses. ``message`` is for people, already in their language."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message


class NotFound(DomainError):
    """No such object, or none that this person may know of."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__("")
        self.kind = kind
        self.key = str(key)


class NotAllowed(DomainError):
    """This person may not do this to this object."""

    def __init__(self, permission: str = "", message: str = "") -> None:
        super().__init__(message)
        self.permission = permission


class StateConflict(DomainError):
    """The object is not in a state in which this can be done."""


class VersionConflict(DomainError):
    """The object was changed by another since the form was opened."""

    def __init__(self, current_version: int) -> None:
        super().__init__("")
        self.current_version = current_version


class InvalidInput(DomainError):
    """Values that break a rule; ``errors`` maps a field's name to its message."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


class AlreadyDone(DomainError):
    """The same request came twice; ``target`` is (kind, id) of what the first one made."""

    def __init__(self, target: tuple[str, str]) -> None:
        super().__init__("")
        self.target = target
