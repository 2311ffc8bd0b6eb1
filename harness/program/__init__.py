"""Stan programs: what one declares, which of its data are rows, and its executable.

- `program`: `Program`, `Components`
- `contract`: `DataContract`, which data variables hold what
- `stanc`: what stanc says of a program; `mir` reads its middle representation
- `declared_data`: data checked against what a program declares
- `lean`: a program without generated quantities and printing
- `compilation`: `CompiledProgram`, `compile_program`; `make_program` calls make
- `portable`: programs that travel to other machines
"""
