"""Which fit is measured against what, and the measurements that the store has already."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from harness.errors import HarnessError, StoreError
from harness.evidence.method import Evidence
from harness.execution.run import FittedRun
from harness.fits.fit import DrawKind, Status
from harness.messages.faults import unexpected
from harness.metrics.stability import Stability
from harness.metrics.stein import KernelStein
from harness.store import Store
from harness.study.study import Run, Study
from harness.summary.against import Against
from harness.summary.chains import AllChains, all_chains
from harness.summary.free_scale import FreeScales
from harness.summary.kept import (
    dump_measurement,
    dump_spreads,
    dump_steins,
    load_measurement,
    load_spreads,
    load_steins,
)
from harness.summary.measure import measure
from harness.summary.measurement import Measurement
from harness.summary.once import Once
from harness.summary.quantity import Target
from harness.summary.reference import ReferenceDraws, mismatch
from harness.summary.reference_judge import (
    NO_FIT,
    Judge,
    judge_of_file,
    judge_of_run,
    left_open,
    named_of,
)
from harness.summary.stability_rows import run_spreads
from harness.summary.stein import steins_of
from harness.summary.visited import Visits
from harness.verdict.criteria import Reference

type Spreads = dict[tuple[str, str], Stability]


class Measuring:
    """Measures the fits of a study; each but once, and none that the store has measurements of.

    Parameters
    ----------
    study : Study
        Says which run is a reference.
    from_files : Mapping
        References that come from files, by data set.
    store : Store, optional
        Keeps measurements of fits that are in it.
    """

    def __init__(
        self,
        study: Study,
        from_files: Mapping[str, ReferenceDraws],
        *,
        store: Store | None = None,
    ) -> None:
        self._study = study
        self._kept = Once(store)
        self._judges = {dataset: judge_of_file(draws) for dataset, draws in from_files.items()}
        self._done: dict[Run, Measurement | StoreError | str] = {}
        self._chains: dict[str, AllChains] = {}
        self._scales = FreeScales()
        self._visits = Visits(study, self._kept, self._scales)

    def is_ready(self, item: FittedRun) -> bool:
        """Whether the reference of a fit is known, or it needs none."""
        source = self._study.references.get(item.run.dataset)
        return source is None or source.run == item.run or item.run.dataset in self._judges

    def take(self, item: FittedRun) -> None:
        """Measure a fit, if it is one; whatever happens is kept for :meth:`result`.

        If the fit is the reference of its data set, the others are ready from now on.

        Parameters
        ----------
        item : FittedRun
            A run that is ready.
        """
        if item.fit.status is Status.OK and item.run not in self._done:
            try:
                self._done[item.run] = self._measured(item)
            except StoreError as error:
                self._done[item.run] = error
            except Exception as error:  # noqa: BLE001 - one fit must not cost the others their measurements
                why = error if isinstance(error, HarnessError) else unexpected(error)
                self._done[item.run] = f"it could not be measured: {why}"
        source = self._study.references.get(item.run.dataset)
        if source is not None and source.run == item.run:
            judge = judge_of_run(item, self._done.get(item.run))
            lacking = self._visits.lacking(item) if judge.against is not None else ""
            self._judges[item.run.dataset] = Judge(problems=lacking) if lacking else judge

    def result(self, item: FittedRun) -> Measurement | str:
        """Return the measurement of a fit that was taken, or why there is none.

        Raises
        ------
        StoreError
            If the fit is no longer in the store.
        """
        found = self._done[item.run]
        if isinstance(found, StoreError):
            raise found
        return found

    def failed_references(self) -> list[str]:
        """Return the data sets whose reference is a run that cannot be one."""
        return [
            dataset
            for dataset, source in self._study.references.items()
            if source.run is not None
            and not isinstance(source.run.method, Evidence)
            and self._judges.get(dataset, NO_FIT).against is None
        ]

    def target(self, item: FittedRun) -> Target:
        """Say what a fit is measured against; the reference itself is judged by its own checks."""
        dataset = item.run.dataset
        n_rows = item.program.program.n_rows_of(self._study.datasets[dataset])
        source = self._study.references.get(dataset)
        chains = self._chains.get(dataset)
        r_hat_all = chains.r_hat if chains else None
        if source is None or source.run == item.run:
            return Target(
                n_rows=n_rows,
                state=Reference.ABSENT,
                caveat=left_open(item.run),
                r_hat_all=r_hat_all,
                lacks_mode=self._visits.known(item.run),
            )
        judge = self._judges.get(dataset, NO_FIT)
        found = self._done.get(item.run)
        problems = judge.problems
        if judge.against is not None:
            problems = found.mismatch if isinstance(found, Measurement) else ""
            problems = problems or (chains.problem if chains and chains.are_apart else "")
        return Target(
            n_rows=n_rows,
            state=Reference.FAILED if problems else Reference.VALID,
            problems=problems,
            caveat="" if problems else judge.caveat,
            r_hat_all=r_hat_all,
            lacks_mode=self._visits.known(item.run),
        )

    def compare_chains(self, fitted: Sequence[FittedRun]) -> None:
        """Compare the chains of all fits of each data set, when all are measured.

        Parameters
        ----------
        fitted : sequence of FittedRun
            All runs of the study.
        """
        for dataset in self._study.datasets:
            items = [
                item
                for item in fitted
                if item.run.dataset == dataset
                and item.fit.draw_kind is DrawKind.CHAINS
                and isinstance(found := self._done.get(item.run), Measurement)
                and not found.mismatch
                and self._has_seen_all(item)
            ]
            judge = self._judges.get(dataset)
            source = self._study.references.get(dataset)
            if source and source.run and self._visits.known(source.run):
                for item in items:  # they may be where the reference is
                    self._visits.lacking(item)
            from_file = source is not None and source.run is None
            file = judge if from_file and judge and judge.against else None
            # the reference first, where it is one of them
            runs = [source.run] if source and judge and judge.against else []
            items.sort(key=lambda item: item.run not in runs)
            if len(items) + (file is not None) > 1:
                leads = items[0].run in runs
                self._chains[dataset] = self._all_chains(items, file, leads=leads)

    def compare_points(self, fitted: Sequence[FittedRun]) -> None:
        """Measure, where no reference gives the units, the gradients at the draws of all fits.

        Parameters
        ----------
        fitted : sequence of FittedRun
            All runs of the study.
        """
        groups: dict[tuple[str, str], list[FittedRun]] = {}
        for item in fitted:
            found = self._done.get(item.run)
            if isinstance(found, Measurement) and found.has_gradients and found.stein is None:
                groups.setdefault((item.run.dataset, item.run.program), []).append(item)
        for items in groups.values():
            for item, stein in zip(items, self._steins(items), strict=True):
                found = self._done[item.run]
                if isinstance(found, Measurement):
                    self._done[item.run] = replace(found, stein=stein)

    def _steins(self, items: Sequence[FittedRun]) -> list[KernelStein | None]:
        """Measure the gradients at draws of some fits of one program, in units of their own."""
        of = self._kept.made_from(items[0], "stein", others=items[1:])
        return self._kept.once(
            of, lambda: steins_of([item.fit for item in items]), dump=dump_steins, load=load_steins
        )

    def _has_seen_all(self, item: FittedRun) -> bool:
        """Whether a fit is to all rows of its data set."""
        counted = item.program.program.n_rows_of(self._study.datasets[item.run.dataset])
        n_rows = item.fit.used_data.get("n_rows_of_all", counted)
        return n_rows is None or item.fit.used_data.get("n_rows") == n_rows

    def _all_chains(
        self, items: Sequence[FittedRun], file: "Judge | None", *, leads: bool
    ) -> AllChains:
        """Take the chains of some fits together, and those of a reference in a file.

        The first fit may be the reference of the others.
        """

        def make() -> AllChains:
            named = [named_of(item).judged for item in items]
            reference = named[0] if leads else None
            if file is not None and file.against is not None:
                reference = file.against.quantities.judged
                named.append(reference)
            return all_chains(named, reference=reference)

        what = "chains against the first" if leads else "chains"
        return self._kept.once(
            self._kept.made_from(items[0], what, judge=file, others=items[1:]),
            make,
            dump=lambda found: json.dumps(asdict(found)).encode(),
            load=lambda kept: AllChains(**json.loads(kept)),
        )

    def spreads(self, replicates: Sequence[FittedRun]) -> Spreads:
        """Measure what at least two replicates of an approximation say together."""
        of = self._kept.made_from(replicates[0], "spreads", others=replicates[1:])
        return self._kept.once(
            of,
            lambda: run_spreads([named_of(item) for item in replicates]),
            dump=dump_spreads,
            load=load_spreads,
        )

    def _measured(self, item: FittedRun) -> Measurement:
        """Return the measurement of a fit, from the store or a fresh one."""
        source = self._study.references.get(item.run.dataset)
        is_alone = source is None or source.run == item.run
        judge = Judge() if is_alone else self._judges.get(item.run.dataset, NO_FIT)
        of = self._kept.made_from(item, "measurement", judge=judge)
        return self._kept.once(
            of, partial(self._fresh, item, judge), dump=dump_measurement, load=load_measurement
        )

    def _fresh(self, item: FittedRun, judge: Judge) -> Measurement:
        """Measure a fit."""
        named = named_of(item)
        against, clash = judge.against, ""
        if against is not None:
            clash = mismatch(against.draws, named, program=item.run.program)
        against = None if clash else against
        measurement = measure(
            item.fit,
            named,
            against=against,
            seed=item.run.seed,
            parameters=item.program.parameters,
            **self._on_free_scale(item, against, judge),
        )
        return replace(measurement, mismatch=clash)

    def _on_free_scale(
        self, item: FittedRun, against: Against | None, judge: Judge
    ) -> dict[str, Any]:
        """Return what of a fit and its reference is known on the unconstrained scale."""
        if against is None:
            return {}
        dataset = self._study.datasets[item.run.dataset]
        known = self._scales.reference(against, item.program, dataset)
        return {
            "free": self._scales.compared(item, dataset, against, program=judge.program),
            "scale": known.sd if known else None,
        }
