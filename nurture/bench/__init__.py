"""What `nurture bench` measures: the real code, through the real edges, on data it makes and throws away.

A kind of measurement is one file in `kinds/`. Each gives figures beside a naive baseline of the same run, since figures
of two machines, or of two hours, cannot be compared. It never touches the installation's own database.
"""
