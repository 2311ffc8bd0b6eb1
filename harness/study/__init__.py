"""Studies: from a TOML file, or from a comparison that somebody asks for, to runs.

- `study`: `Study`, `Run`, `read_study`
- `file`: what the TOML may say; `toml` reads it
- `comparison`: a program of one's own with its data, as a study
- `json_schema`: the JSON Schema of studies, for editors
- `published`: numbers published elsewhere that a study shows beside its own
- `series`: replicates of one cell, and their names in tables
- `template`: a study to start from
"""
