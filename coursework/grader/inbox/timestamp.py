"""The times that nbgrader writes beside what it collects."""

import re
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones


def parse_timestamp(text, timezone=None):
    """Return the time that nbgrader wrote, in UTC; a ValueError says why `text` is not a time.

    nbgrader writes the time with the name of its zone, such as ``2026-12-02 22:04:05.123456 CET``.
    Its own `parse_utc` takes names that are not those of a file of zones, such as CEST or PST, for
    UTC, and ``+03`` for 3 seconds. Where a name stands for several zones, `timezone` is meant.
    """
    # Each repetition is bounded: the text may be long, and where each may end is tried out.
    pattern = r"(\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) *(\S{0,99})"
    match = re.fullmatch(pattern, text)
    if match is None:
        raise ValueError("is not a time such as 2026-12-02 21:04:05 UTC")
    clock, name = match.groups()
    if re.match(r"[+-]", name):  # zones without a name, such as +03
        when = datetime.fromisoformat(clock + name)
    else:
        when = _localize(datetime.fromisoformat(clock), name, timezone)
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
    if name in ("", "UTC", "GMT", "Z"):
        return when.replace(tzinfo=UTC)

    def search(zones):
        places = [when.replace(tzinfo=zone, fold=fold) for zone in zones for fold in (0, 1)]
        return [place for place in places if place.tzname() == name]

    found = (timezone and search([timezone])) or search(_zones())
    if not found:
        raise ValueError("has a time zone that is not known")
    if len({place.utcoffset() for place in found}) > 1:
        raise ValueError(
            "has a time zone of which there are several: give that of the course, such as "
            "--timezone Asia/Kolkata"
        )
    return found[0]
