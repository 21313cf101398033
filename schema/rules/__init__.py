"""Dated rule data: value lists, classes, periods, calendars, lists, schemes and limits, each with its legal basis."""
