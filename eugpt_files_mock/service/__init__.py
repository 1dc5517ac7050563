"""The fake API: values in, values out. It starts in `handle.py`."""
