"""The channels by which a hidden thing could be told (S01 to S33), and what holds each.

Each channel names the leaks that are planted for it (in `leaks_reading`, `leaks_rights`, in the faults of
the matrix or of the scope), the tests that hold it, or the part of the product that is still to come and
that it waits for. `test_channels` fails where a channel has none of these, or names what there is not.
"""

from __future__ import annotations

import attrs

__all__ = ["CHANNELS", "Channel", "page"]


@attrs.frozen
class Channel:
    """One channel: in words, what is promised of it, the tests that hold it, and what it waits for."""

    id: str
    words: str
    promise: str
    tests: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    waits_for: str = ""

    @property
    def prefix(self) -> str:
        """What the names of the leaks planted for it begin with."""
        return f"{self.id.lower()}_"


_TWO = "noninterference/test_two_worlds.py::test_nobody_tells_two_worlds_apart"
_MATRIX = "matrix/test_matrix.py::test_every_cell_of_the_matrix_is_as_declared"
_FIELDS = "scope/test_hidden_fields.py::test_a_hidden_field_is_an_unknown_one"
_PATHS = "scope/test_hidden_fields.py::test_a_path_over_a_link_or_a_facet_does_not_reach_a_hidden_field"
_REFUSED = "matrix/test_refused_pairs.py::test_a_refused_pair_changes_no_table"
_TIME = "matrix/test_time.py::test_time_tells_nothing_of_what_is_hidden"
_MONOTONE = "scope/test_monotony.py::test_taking_a_right_gives_nobody_anything"
_CLOSED = "plugin/test_closed.py::test_what_lacks_its_policy_stops_the_start"
_UNPAGED = "pages and REST"

CHANNELS = (
    Channel(
        "S01",
        "get, change, archive by the id of a hidden record",
        "the answer to an id of nobody",
        (_TWO, _MATRIX),
    ),
    Channel(
        "S02",
        "ids and gaps between them",
        "ids are random, and neighbours tell nothing of each other",
        (_TWO,),
    ),
    Channel("S03", "counts, sums, further pages", "computed inside the scope", (_TWO, _MATRIX)),
    Channel(
        "S04",
        "cursors and order of pages",
        "a cursor is signed, of this person and this list",
        (_TWO, "scope/test_paging.py"),
    ),
    Channel(
        "S05", "labels and fields of what a record links to", "absent, as where there is none", (_TWO, _PATHS)
    ),
    Channel(
        "S06",
        "links to hidden records on writing",
        "the answer to an id of nobody",
        (_TWO, _MATRIX),
        ("linking to anything",),
    ),
    Channel(
        "S07",
        "filters by a hidden field or over a hidden link",
        "refused as an unknown field, before SQL",
        (_FIELDS, _PATHS),
    ),
    Channel("S08", "order by a hidden field", "refused as an unknown field, before SQL", (_FIELDS,)),
    Channel(
        "S09",
        "sums, groups and distinct values of a hidden field",
        "refused as an unknown field, before SQL",
        (_FIELDS,),
    ),
    Channel(
        "S10",
        "full-text search",
        "words are looked for in the fields that the reader is shown, and hits choose no more than the way",
        (_TWO, _MATRIX, "scope/test_search.py"),
    ),
    Channel("S11", "suggestions and recent items", "from visible records", waits_for=_UNPAGED),
    Channel(
        "S12",
        "saved views and reports of a stronger person",
        "evaluated as whoever opens them",
        waits_for="saved views",
    ),
    Channel(
        "S13",
        "exports",
        "the rows and columns of the list, by a right of its own",
        (_MATRIX, _FIELDS),
        ("exporting without the right",),
    ),
    Channel(
        "S14",
        "unique values that hidden records hold",
        "told by a policy of the field",
        (_TWO, "revision/test_claim_policies.py"),
    ),
    Channel(
        "S15",
        "duplicates",
        "told to the arbiters alone",
        ("revision/test_claim_policies.py", _MATRIX),
        ("a reach of none that gives",),
    ),
    Channel("S16", "texts and order of refusals", "the scope comes first, in fixed words", (_TWO, _MATRIX)),
    Channel("S17", "history, the past, owners", "by the field rights of now", (_TWO, "scope/test_fields.py")),
    Channel(
        "S18",
        "derived and mirrored values",
        "shown no further than what they repeat",
        (_TWO, "scope/test_fields.py", "scope/test_latest.py"),
    ),
    Channel(
        "S19",
        "totals beyond one's scope",
        "by declassified aggregates of five contributors and more",
        waits_for="analytics",
    ),
    Channel(
        "S20",
        "notifications, reminders, feeds",
        "rendered for whoever receives them",
        waits_for="notifications",
    ),
    Channel("S21", "following a hidden record", "the answer to an id of nobody", waits_for="notifications"),
    Channel(
        "S22",
        "transfers, moved units, changed owners",
        "in force for the next session",
        (_TWO, _MONOTONE, "scope/test_races.py"),
    ),
    Channel(
        "S23", "suspended people, ended shares and delegations", "refused at once", (_TWO, _MONOTONE, _MATRIX)
    ),
    Channel("S24", "the time of an answer", "an area of 0.45 to 0.55 between the two classes", (_TIME,)),
    Channel("S25", "caches of HTTP, ETags", "private, and of the visible part", waits_for=_UNPAGED),
    Channel("S26", "acts on many records, imports", "counted over what is in sight", (_TWO, _MATRIX)),
    Channel(
        "S27", "files and pictures", "asked for with their record at each request", waits_for="documents"
    ),
    Channel(
        "S28", "conflicts of versions", "told of readable records alone", (_TWO, "revision/test_refused.py")
    ),
    Channel(
        "S29",
        "metadata: fields, reach, who has access",
        "by the rights of whoever asks",
        (_TWO, _MATRIX),
        ("asking by a share",),
    ),
    Channel(
        "S30",
        "code of plugins, raw SQL",
        "a scoped session, and a role with row-level policies",
        ("scope/test_sql.py", "scope/test_guard.py", _CLOSED),
    ),
    Channel("S31", "logs, traces, labels of metrics", "ids alone", waits_for="logs and metrics of the faces"),
    Channel(
        "S32",
        "acts that write before they check",
        "a refusal changes no table",
        (_REFUSED, "revision/test_refused.py"),
    ),
    Channel(
        "S33",
        "verbs that check unlike each other",
        "one table for every verb, role, relation and kind",
        (_MATRIX,),
        ("updating checks the reading scope alone", "archiving without scope"),
    ),
)


def page() -> str:
    """The page of docs that shows the list to a reader."""
    from .leaks import LEAKS

    rows = []
    for one in CHANNELS:
        planted = [name for name in LEAKS if name.startswith(one.prefix)] + list(one.faults)
        held = ", ".join(f"`tests/{test.split('::')[0]}`" for test in one.tests)
        held = held or f"waits for {one.waits_for}"
        rows.append(f"| {one.id} | {one.words} | {one.promise} | {held} | {'yes' if planted else ''} |")
    return _HEAD + "\n".join(rows) + "\n"


_HEAD = """# Side channels, and what holds each

Two worlds that differ only in what somebody may not see must look alike to that person. These are the ways in
which they could be told apart, what pycrm promises of each, the tests that hold the promise, and whether leaks are
planted to see that these tests would notice. A channel that waits for a part of the product is open as long as that
part is missing, and cannot be reached without it. This page is written by `tests/noninterference/channels.py`, and
`tests/noninterference/test_channels.py` fails when it falls behind.

Figures of the long runs stand in `docs/evidence/`: T01 (two worlds), T03 (reach), T04 (taking a right gives nothing),
T07 (time), T14 (refused means untouched). The table of who may do what is
`tests/matrix/expected.txt`.

| channel | by what | promise | held by | planted leaks |
|---|---|---|---|---|
"""

if __name__ == "__main__":
    print(page(), end="")
