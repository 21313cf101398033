"""The file transport, against packages made to be read and packages made to hurt."""
