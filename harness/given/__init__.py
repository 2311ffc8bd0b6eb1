"""Draws that exist already, from files and objects of other programs, as the runs of a study.

- `given`: `Given`, the draws of one fit with what is known of them
- `contents`: what a file holds, found from its first bytes
- `config`, `csv_file`, `csv_fits`: CmdStan's files of draws; which of them are chains of one fit
- `trees`, `json_draws`: ArviZ's trees, netCDF, arrays, and JSON in posteriordb's form
- `read`: whatever was given, files or objects
- `evaluating`: the log densities of draws under a program with data
- `problem`: the program with data that draws are said to be of
- `provisional`: draws that evidence lets be trusted, in the place of a reference
- `matching`: quantities that fits and reference have in common
- `judged`: the study that judges them
"""
