"""The times that nbgrader writes beside what it collects."""

import re
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


def parse_timestamp(text, timezone=None):
    """Return the time that nbgrader wrote, in UTC.

    nbgrader writes the time in its `Exchange.timezone` with the name of this zone, such as
    ``2026-12-02 22:04:05.123456 CET``. Its own `parse_utc` takes names that are not those of a
    file of zones, such as CEST or PST, for UTC, and ``+03`` for 3 seconds.

    Parameters
    ----------
    text : str
    timezone : tzinfo, optional
        Where a name of a zone stands for several, that which is meant here.

    Raises
    ------
    ValueError
        Says why the text is not a time.
    """
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?) *(\S*)", text)
    if match is None:
        raise ValueError("is not a time such as 2026-12-02 21:04:05 UTC")
    clock, name = match.groups()
    if re.match(r"[+-]", name):  # zones without a name, such as +03
        when = datetime.fromisoformat(clock + name)
    else:
        when = _localize(datetime.fromisoformat(clock), name or "UTC", timezone)
    try:
        return when.astimezone(UTC)
    except OverflowError:
        raise ValueError("is beyond all calendars") from None


@cache
def _zones():
    """Return all time zones; it takes a while to read them."""
    return [ZoneInfo(name) for name in sorted(available_timezones())]


def _localize(when, name, timezone):
    """Return a time in a zone that goes by a name at that time.

    Where the clock is put back, an hour comes twice, and has the name of its zone in winter only
    the second time (fold=1).
    """
    if name in ("UTC", "GMT", "Z"):
        return when.replace(tzinfo=UTC)
    for zones in (lambda: [timezone] if timezone else []), _zones:
        found = [
            when.replace(tzinfo=zone, fold=fold)
            for zone in zones()
            for fold in (0, 1)
            if zone.tzname(when.replace(fold=fold)) == name
        ]
        if found:
            break
    else:
        raise ValueError("has a time zone that is not known")
    if len({time.utcoffset() for time in found}) > 1:
        raise ValueError(
            "has a time zone of which there are several: give that of the course, such as "
            "--timezone Asia/Kolkata"
        )
    return found[0]
