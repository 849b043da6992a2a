"""Wait for a database that restarts: half an hour of tests is not thrown away for a moment."""

from __future__ import annotations

import logging
import time

from django.db import InterfaceError, OperationalError, connection

from validation.services.leases import Lease

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)
_PAUSE_SECONDS = 0.5


def await_database(lease: Lease) -> None:
    """Return when the database answers; raise LeaseLost when the lease has run out meanwhile."""
    while True:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            return
        except AWAY:
            logger.warning("Run %s: the database is away; waiting for it", lease.run_id)
            connection.close()
            lease.check()
            time.sleep(_PAUSE_SECONDS)
