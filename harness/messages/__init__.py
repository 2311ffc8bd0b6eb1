"""Words for messages to users (pure).

- `clauses`: "did you mean", the first problem that pydantic finds, why a path is no file
- `numerals`: numbers as text, a number beside its limit
- `faults`: errors that nobody expected, sentences cut short
- `toml_table`: `Table`, which refuses unknown keys and values of another type
- `docstrings`: what docstrings say of a class and its attributes
"""
