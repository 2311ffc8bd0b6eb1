"""Data sets: where rows come from, how they are read and checked, and which of them a fit sees.

- `dataset`: `Dataset`, `make_dataset`
- `generators`: rows drawn from known distributions, by name
- `row_tables`: rows in CSV, NumPy and Parquet files
- `npy_file`: rows in NumPy files that are mapped, not read
- `stan_json`: data in CmdStan's JSON; `json_file` and `json_scanner` read the files
- `stan_values`: the values of Stan's variables in memory
- `subsample`: which rows a subsample has, and their weight
"""
