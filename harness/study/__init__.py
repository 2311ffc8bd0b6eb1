"""Studies: from a TOML file, or from a comparison that somebody asks for, to runs.

- `study`: `Study`, `Run`
- `file`: what the TOML may say; `toml`: `read_study`
- `sweep`: what `[sweep]` and `[scale]` make of it; `swept`: what is known of it afterwards
- `entries`: posteriors of a database as data sets; `posteriordb`: their files
- `comparison`: `comparison_study`, a program of one's own with its data
- `plan`: what both declare alike, and `cross_out`, which makes the runs
- `json_schema`: the JSON Schema of studies, for editors
- `published`: numbers published elsewhere that a study shows beside its own
- `series`: replicates of one cell, and their names in tables
- `template`: a study to start from
"""
