"""May a reader use an approximation? One of four verdicts, with the criterion that decided it.

- `criteria`: `ParameterCriteria`, `FitCriteria`, what is judged; `Verdict`, `Judgement`
- `rules`: `RULES`, which criterion has which limit; `rule` says what a rule is
- `judge`: `judge_parameter`, `judge_fit`
- `wording`: the sentence of a judgement
"""
