"""Whether a host is this machine, so that what is sent to it stays here."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Return whether a name or an address stands for this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
