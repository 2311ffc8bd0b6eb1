"""Stan programs: what one declares, which of its data are rows, and its executable.

- `program`: `Program`
- `contract`: `DataContract`, `Components`: which of its variables mean what
- `stanc`: what stanc says of a program; `mir` reads its middle representation
- `declared_data`: data checked against what a program declares
- `lean`: a program without generated quantities and printing
- `compilation`: `CompiledProgram`, `compile_program`; `make_program` calls make
- `portable`: programs that travel to other machines
- `axes`: which integers could count a program's rows, out of stanc's account of it
- `log_density`: `Density`, in a process of its own; the C++ beside the model
- `rows`: the rows of a program, found and chosen; `additivity` proves that they add up, by
  `identities`, at `points`
"""
