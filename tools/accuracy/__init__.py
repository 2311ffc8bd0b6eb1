"""How far the ADVI of `vi_*` ends from the best Gaussian of its family, without any option set."""
