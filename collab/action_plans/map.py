"""A plan on the map: one tile for each organisation, laid on a grid as the organisations lie to one another.

A map of tiles and no map of areas: for the areas of municipalities there is no source with a clear licence, and they are not those
of the sub-districts whose middles are known. A tile is therefore as large for a small municipality as for a city.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from collab.action_plans import rules
from collab.action_plans.rows import Line
from collab.action_plans.rules import RollUp
from collab.action_plans.states import ItemState
from collab.members.places import Place

TILE_WIDTH, TILE_HEIGHT, GAP = 154, 92, 8
#: One cell of the grid in degrees, north-south and west-east: about 3.5 km here, so that neighbours lie on neighbouring cells.
CELL_LAT, CELL_LONG = 0.034, 0.034
Cell = tuple[int, int]


@dataclass(frozen=True)
class Share:
    """What an organisation leads in the plan; ``budget`` in baht."""

    organisation_id: UUID
    name: str
    count: int
    late_count: int
    progress: RollUp
    budget: Decimal


@dataclass(frozen=True)
class Tile:
    """A share and where its tile stands, in pixels; ``kind`` is ``late``, ``done`` or ``now``."""

    share: Share
    name: str
    x: int
    y: int
    kind: str


@dataclass(frozen=True)
class Map:
    """The tiles, how large the picture is, and the shares of organisations whose place is not known."""

    width: int
    height: int
    tiles: list[Tile]
    elsewhere: list[Share]


def shares(found: Iterable[Line]) -> list[Share]:
    """Return what each organisation leads, in the order of names; cancelled items count for nothing."""
    led: dict[UUID, list[Line]] = {}
    for line in found:
        if line.state is not ItemState.CANCELLED:
            led.setdefault(line.lead_id, []).append(line)
    made = [
        Share(
            key, lines[0].lead, len(lines), sum(1 for line in lines if line.late_days),
            rules.roll_up((line.weight, line.percent, line.state) for line in lines), sum((line.budget for line in lines), Decimal(0)),
        )
        for key, lines in led.items()
    ]  # fmt: skip
    return sorted(made, key=lambda share: share.name)


def draw(all_shares: Iterable[Share], places: Mapping[UUID, Place]) -> Map:
    """Return the map of the shares; ``places`` of the organisations that have one."""
    listed = list(all_shares)
    cells = lay_out({share.organisation_id: places[share.organisation_id] for share in listed if share.organisation_id in places})
    tiles = [
        _tile(share, places[share.organisation_id].name, cells[share.organisation_id])
        for share in listed
        if share.organisation_id in cells
    ]
    tiles.sort(key=lambda tile: (tile.y, tile.x))
    return Map(
        width=max((tile.x + TILE_WIDTH for tile in tiles), default=0), height=max((tile.y + TILE_HEIGHT for tile in tiles), default=0),
        tiles=tiles, elsewhere=[share for share in listed if share.organisation_id not in cells],
    )  # fmt: skip


def lay_out(places: Mapping[UUID, Place]) -> dict[UUID, Cell]:
    """Return a cell (row, column) of its own for each place: the nearest free one to where it lies, rows and columns without gaps."""
    if not places:
        return {}
    north, west = max(place.lat for place in places.values()), min(place.long for place in places.values())
    taken: dict[Cell, UUID] = {}
    for key, place in sorted(places.items(), key=lambda pair: (-pair[1].lat, pair[1].long, str(pair[0]))):
        wanted = ((north - place.lat) / CELL_LAT, (place.long - west) / CELL_LONG)
        taken[_nearest_free(wanted, taken)] = key
    rows = {row: index for index, row in enumerate(sorted({row for row, _column in taken}))}
    columns = {column: index for index, column in enumerate(sorted({column for _row, column in taken}))}
    return {key: (rows[row], columns[column]) for (row, column), key in taken.items()}


def _nearest_free(wanted: tuple[float, float], taken: Mapping[Cell, UUID]) -> Cell:
    middle = (round(wanted[0]), round(wanted[1]))
    reach = 0
    while True:
        near = [
            (middle[0] + down, middle[1] + right)
            for down in range(-reach, reach + 1)
            for right in range(-reach, reach + 1)
            if (middle[0] + down, middle[1] + right) not in taken
        ]
        if near:
            return min(near, key=lambda cell: ((cell[0] - wanted[0]) ** 2 + (cell[1] - wanted[1]) ** 2, cell))
        reach += 1


def _tile(share: Share, name: str, cell: Cell) -> Tile:
    done = share.progress.verified == 100
    kind = "late" if share.late_count else "done" if done else "now"
    return Tile(share, name, cell[1] * (TILE_WIDTH + GAP), cell[0] * (TILE_HEIGHT + GAP), kind)
