"""How the certificates of https servers are checked."""

import os
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
                f"{path} cannot be read as certificates ({_why(error, path)}): give a file in PEM format"
            ) from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _why(error: OSError | ValueError, path: str) -> str:
    """Return why certificates cannot be read; for a file without any, OpenSSL leaves that to whatever failed before."""
    if isinstance(error, ssl.SSLError) or (isinstance(error, FileNotFoundError) and os.path.exists(path)):  # noqa: PTH110 - which is False where it may not be looked at
        return "it holds none"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
