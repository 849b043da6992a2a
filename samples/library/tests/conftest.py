def pytest_make_parametrize_id(val):
    """Name parameters without blanks, so that an id can be pasted into a shell."""
    return val.strip().replace(" ", "-") or "empty" if isinstance(val, str) else None
