"""Tests of the harness; `cases` holds models whose posterior is known."""
