"""The file transport: packages in a directory, verified whole before a row of them is believed."""
