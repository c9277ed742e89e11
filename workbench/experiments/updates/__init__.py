"""Updates of devices that lose power, to be looked at."""
