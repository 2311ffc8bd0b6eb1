"""The results folder: its tables, their columns and its manifest.

- `columns`: every column, declared once; rows to tables and files
- `folder`: the folder of a study's results
- `manifest`: versions, seeds, digests, references, machine
"""
