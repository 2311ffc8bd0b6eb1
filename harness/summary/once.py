"""What is measured of fits is measured once: the store keeps it as long as nothing decides anew."""

from collections.abc import Callable, Sequence

from harness.execution.run import FittedRun
from harness.store import MeasuredFrom, Measurements, Store, content_digest
from harness.summary import kept
from harness.summary.reference_judge import Judge


class Once:
    """Measures what the store has no measurement of.

    Parameters
    ----------
    store : Store, optional
        Keeps measurements of fits that are in it.
    """

    def __init__(self, store: Store | None) -> None:
        self._kept = Measurements(store=store) if store else None

    def once[T](
        self,
        of: MeasuredFrom | None,
        make: Callable[[], T],
        *,
        dump: Callable[[T], bytes],
        load: Callable[[bytes], T],
    ) -> T:
        """Return what was kept, or make it and keep it.

        Parameters
        ----------
        of : MeasuredFrom or None
            From :meth:`made_from`.
        make, dump, load : callable
            Give the measurement, and turn it into bytes and back.

        Returns
        -------
        T
        """
        found = self._kept.load(of) if self._kept and of else None
        if found is not None:
            return load(found)
        made = make()
        if self._kept and of:
            self._kept.save(of, dump(made))
        return made

    def made_from(
        self,
        item: FittedRun,
        what: str,
        *,
        judge: Judge | None = None,
        others: Sequence[FittedRun] = (),
    ) -> MeasuredFrom | None:
        """Return what decides a measurement; None if the store cannot tell.

        Parameters
        ----------
        item : FittedRun
            The fit, or the first of several.
        what : str
            Which measurement.
        judge : Judge, optional
            What it is measured against.
        others : sequence of FittedRun
            Fits that are measured together with it.

        Returns
        -------
        MeasuredFrom or None
        """
        judge = judge or Judge()
        digests = [content_digest(each.fit) for each in (item, *others)]
        if self._kept is None or None in digests or judge.identity is None:
            return None
        return MeasuredFrom(
            fits=(item.key, *(each.key for each in others), *([judge.key] if judge.key else [])),
            decided_by=(
                what,
                tuple(digests),
                item.run.seed,
                item.run.program,
                (*kept.program_identity(item.program.program), list(item.program.parameters)),
                judge.identity,
            ),
            code=kept.measuring_digest(),
        )
