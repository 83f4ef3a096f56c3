"""Where a policy comes from: the network that it was made for, and the samples that it was chosen on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from policies.errors import PolicyError
from policies.tables.base import ExitTable
from policies.tables.identity import SampleDigest, stated_parents
from policies.tables.network import NetworkIdentity


_GIVEN, _MADE = "given", "made of the logits"
_MOST_EXAMPLES = 3
_LEAST = "least_classes"


@dataclass(frozen=True)
class Origin:
    """What a policy file states beside the policy. None was not stated.

    Attributes:
        network: The network that the policy was made for.
        split_hash: Hash of the split of the table that the policy was chosen on.
        samples: Digest of the ids of the table that the policy was chosen on.
        groups: Digest of the groups of the table that the policy was chosen on; None also where it has none.
        parents: Digest of the parents of the samples that the policy was chosen on; None also where they have none.
        ids_are_assumed: Whether the table's ids were not given but made of the outputs.
    """

    network: NetworkIdentity
    split_hash: str | None = None
    samples: SampleDigest | None = None
    groups: SampleDigest | None = None
    parents: SampleDigest | None = None
    ids_are_assumed: bool = False

    @classmethod
    def of(cls, search: ExitTable) -> Origin:
        """That of a policy which was chosen on a table."""
        parents = stated_parents(search)
        return cls(
            network=NetworkIdentity.of(search),
            split_hash=search.split_hash,
            samples=SampleDigest.of(search.ids),
            groups=None if search.groups is None else SampleDigest.of(search.groups),
            parents=None if parents is None else SampleDigest.of(parents),
            ids_are_assumed="ids" in search.assumed,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any], *, n_exits: int, least_classes: int) -> Origin | None:
        """Read the facts of a policy file, with any others beside them; None where none is about the origin.

        Args:
            data: The policy's JSON form.
            n_exits: Number of exits of the policy, ``E``.
            least_classes: The fewest classes that answers of the policy's kind can have.

        Raises:
            PolicyError: With one line for the first that is wrong.
        """
        if not data.keys() & _Facts.model_fields:
            return None
        try:
            return _Facts.model_validate(data, context={_LEAST: least_classes}).origin(n_exits)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"])
            raise PolicyError(
                f"a policy's {key!r} cannot be {str(first['input'])[:60]!r} ({first['msg']}); mend it or leave it out"
            ) from None
        except ValueError as error:
            raise PolicyError(
                f"a policy's 'chosen_on' is damaged ({error}); take the file from where it was made"
            ) from None

    def to_dict(self) -> dict[str, Any]:
        """JSON form: the small facts. See :meth:`chosen_on` for the large one."""
        facts = {
            "n_classes": self.network.n_classes,
            "class_names": self.network.class_names,
            "cost": self.network.cost,
            "model_hash": self.network.model_hash,
            "search_hash": self.split_hash,
        }
        return {key: value for key, value in facts.items() if value is not None}

    def chosen_on(self) -> dict[str, Any]:
        """JSON form of the samples; empty where they are not known."""
        if self.samples is None:
            return {}
        return {
            "chosen_on": {
                "n_samples": len(self.samples),
                "names": _MADE if self.ids_are_assumed else _GIVEN,
                "ids": self.samples.to_text(),
                "groups": None if self.groups is None else self.groups.to_text(),
                **({} if self.parents is None else {"parents": self.parents.to_text()}),
            }
        }

    def describe_overlap(self, table: ExitTable) -> str:
        """Which samples of a table a policy was chosen on, as a clause for a person; empty where none are known."""
        if self.split_hash == table.split_hash:
            return f"all {table.n_samples} samples"
        for names, unit, digest in (
            (table.ids, "samples", self.samples),
            (table.groups, "groups", self.groups),
            (stated_parents(table), "parents", self.parents),
        ):
            if digest is None or names is None:
                continue
            shared = sorted({str(name) for name in names[digest.holds(names)]})
            if shared:
                examples = ", ".join(repr(name) for name in shared[:_MOST_EXAMPLES])
                return f"{len(shared)} of the {len({*names.tolist()})} {unit}, such as {examples},"
        return ""

    def doubts(self, table: ExitTable) -> tuple[str, ...]:
        """Why no overlap may be known though there is one, as clauses for a person."""
        if self.split_hash is None and self.samples is None:
            return ("the policy does not state what it was chosen on; the certificate holds only if not on these",)
        if self.samples is None:
            return (
                "the policy states only a hash of the whole table that it was chosen on; the certificate holds only if "
                "none of these samples were in it",
            )
        found = []
        if self.ids_are_assumed or "ids" in table.assumed:
            found.append(
                "samples without ids are known by equal outputs alone; the certificate holds only if the policy was "
                "not chosen on these"
            )
        if self.groups is not None and table.groups is None:
            found.append(
                f"the policy was chosen on samples of {len(self.groups)} groups and the table has no 'groups'; the "
                f"certificate holds only if each sample has an origin of its own"
            )
        if self.parents is not None and stated_parents(table) is None:
            found.append(
                f"the policy was chosen on samples of {len(self.parents)} parents and the table has no 'parents'; the "
                f"certificate holds only if none of its samples is part of one of these"
            )
        return tuple(found)


class _ChosenOn(BaseModel):
    model_config = ConfigDict(strict=True)

    names: str = _GIVEN
    ids: str
    groups: str | None = None
    parents: str | None = None


class _Facts(BaseModel):
    """The keys of a policy file that are about its origin."""

    model_config = ConfigDict(strict=True)

    n_classes: int | None = None
    class_names: list[str] | None = None
    cost: list[float] | None = None
    model_hash: str | None = None
    search_hash: str | None = None
    chosen_on: _ChosenOn | None = None

    @field_validator("n_classes")
    @classmethod
    def _are_enough(cls, n_classes: int | None, info: ValidationInfo) -> int | None:
        least = (info.context or {}).get(_LEAST, 1)
        if n_classes is not None and n_classes < least:
            raise PydanticCustomError("too_few", f"answers of its kind have at least {least}")
        return n_classes

    def origin(self, n_exits: int) -> Origin:
        names, chosen = self.class_names, self.chosen_on
        return Origin(
            network=NetworkIdentity(
                n_exits=n_exits,
                n_classes=len(names) if self.n_classes is None and names is not None else self.n_classes,
                class_names=None if names is None else tuple(names),
                cost=None if self.cost is None else tuple(self.cost),
                model_hash=self.model_hash,
            ),
            split_hash=self.search_hash,
            samples=None if chosen is None else SampleDigest.from_text(chosen.ids),
            groups=None if chosen is None or chosen.groups is None else SampleDigest.from_text(chosen.groups),
            parents=None if chosen is None or chosen.parents is None else SampleDigest.from_text(chosen.parents),
            ids_are_assumed=chosen is not None and chosen.names == _MADE,
        )
