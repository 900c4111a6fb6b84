"""Where notebooks are marked: processes on this machine, or the workers of a Dask cluster."""
