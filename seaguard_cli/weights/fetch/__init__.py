"""From a file on the Hub to a file on this machine: ranged, resumed, hashed, then renamed."""
