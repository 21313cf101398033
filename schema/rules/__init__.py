"""Dated rule data: value lists, terms, calendars, lists and schemes, each with its legal basis."""
