"""May a reader use an approximation? One of five verdicts, with the criterion that decided it.

- `outcome`: the verdicts in their order
- `criteria`: `ParameterCriteria`, `FitCriteria`, what is judged; `Verdict`, `Judgement`
- `rules`: `RULES`, which criterion has which limit; `rule` says what a rule is
- `findings`: what each rule says; `family`: what the errors of many parameters say together
- `judge`: `judge_parameter`, `judge_fit`
- `wording`: the sentence of a judgement
"""
