"""Why a run stops, as one exception that carries the result's reason and sentence."""

SUCCEEDED = "Succeeded"
SUPERSEDED = "Superseded"
FAILED = "Failed"


class StoppedError(Exception):
    """The run ends here, for a reason of the result document.

    `message` is one sentence with the facts and the way out; it never holds a credential.
    """

    def __init__(self, reason, message, outcome=FAILED):
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.outcome = outcome


def superseded(message):
    """Return the error for a database that is not what the operator decided on."""
    return StoppedError(None, message, outcome=SUPERSEDED)
