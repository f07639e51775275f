"""What the service costs beside a raw byte relay. Run it: `python -m bench`."""
