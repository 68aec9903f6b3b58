"""How the certificates of https servers are checked."""

import ssl
from collections.abc import Sequence

from ..errors import UsageError


def client_context(ca_files: Sequence[str] = (), *, insecure: bool = False) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates and those in `ca_files`, or with `insecure` any.

    Raises `UsageError` for a file that holds no certificates.
    """
    context = ssl.create_default_context()
    for path in ca_files:
        try:
            context.load_verify_locations(path)
        except (OSError, ValueError) as error:
            raise UsageError(
                f"{path} cannot be read as certificates ({error.strerror if isinstance(error, OSError) else error}): "
                "give a file in PEM format"
            ) from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
