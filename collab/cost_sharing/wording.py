"""Methods of sharing in words."""

from collab.cost_sharing.rules import Method
from collab.kernel.i18n import LazyText, lazy

METHODS: dict[Method, LazyText] = {
    Method.EQUAL: lazy("Equal parts of the total"),
    Method.BY_MEASURE: lazy("By measure (population, tonnes, use)"),
    Method.MIXED: lazy("Part equal, part by measure"),
    Method.CAPPED: lazy("By measure, with a cap"),
    Method.PER_UNIT: lazy("A rate for each unit"),
    Method.FIXED_AND_UNIT: lazy("A fixed sum in equal parts, and a rate for each unit"),
    Method.HOST_RATE: lazy("A rate for each unit, another for the host"),
}
