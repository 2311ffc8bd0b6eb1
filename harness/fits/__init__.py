"""What a method returns, and its draws under the names of their quantities.

- `fit`: `Fit`, `Status`, `Diagnostics`, `Cost`
- `posterior`: the variables of a fit's draws, under Stan's names
- `quantities`: draws to named scalars, under each way of naming a mixture's components
- `relabel`: label switching
- `sampler`: what CmdStan's sampler writes beside its draws
"""
