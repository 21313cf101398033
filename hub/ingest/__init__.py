"""The way in: harvest, validation, resolution, versions, quarantine."""
