"""What fixes an order of labelling before any label is seen: digests of the table, the policy and what is claimed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import blake2b
import json

import numpy as np

from policies.certificates.claims import Claim
from policies.policy import Policy
from policies.tables.base import ExitTable


_SHOWN = 12


@dataclass(frozen=True)
class OrderDigests:
    """Digests in hexadecimal, of 12 digits each; a file of labels holds them in each of its rows.

    Attributes:
        table: Digest of the table without labels, whatever the order of its rows.
        policy: Digest of the policy.
        claim: Digest of the claim, its level, the table that settles a drop's test, and whether labels are looked at as
            they come.
    """

    table: str
    policy: str
    claim: str

    @classmethod
    def of(
        cls,
        policy: Policy,
        table: ExitTable,
        claim: Claim,
        *,
        delta: float,
        sequential: bool,
        search: ExitTable | None = None,
    ) -> OrderDigests:
        """Those of what is asked for.

        Args:
            policy: Policy to certify.
            table: The ``certify`` table.
            claim: What is claimed of the policy.
            delta: Largest probability of certifying what does not hold.
            sequential: Whether labels are looked at as they come.
            search: The table that settles how a drop is tested, or None.
        """
        searched = None if search is None else table_digest(search)
        asked = {"claim": asdict(claim), "delta": delta, "sequential": sequential, "search": searched}
        return cls(
            table=table_digest(table),
            policy=policy.policy_hash[:_SHOWN],
            claim=_digest(json.dumps(asked, sort_keys=True, default=dict).encode()),
        )

    @classmethod
    def from_text(cls, text: str) -> OrderDigests | None:
        """Read what ``str`` has written; None where it is something else."""
        parts = text.strip().split("-")
        is_whole = [part[:1] for part in parts] == ["t", "p", "c"] and all(len(part) == _SHOWN + 1 for part in parts)
        return cls(*(part[1:] for part in parts)) if is_whole else None

    @property
    def seed(self) -> bytes:
        """What the order derives from: the table and the policy."""
        return f"{self.table}-{self.policy}".encode()

    def differences(self, other: OrderDigests) -> str:
        """In what the other digests are those of something else, as words for a person; empty where in nothing."""
        named = {
            "table": "the table",
            "policy": "the policy",
            "claim": "the claim, its delta, --search or --sequential",
        }
        return " and ".join(words for name, words in named.items() if getattr(self, name) != getattr(other, name))

    def __str__(self) -> str:
        return f"t{self.table}-p{self.policy}-c{self.claim}"


def table_digest(table: ExitTable) -> str:
    """Digest of what a table holds beside labels: of ids, of where samples come from, and of all that was said."""
    whole = blake2b(digest_size=_SHOWN // 2)
    rows = np.argsort(table.ids, kind="stable")
    for key, values in sorted(table.arrays().items()):
        if key == "labels":
            continue
        own = values if key == "cost" else values[rows]
        content = "\n".join(own.tolist()).encode() if own.dtype.kind == "U" else np.ascontiguousarray(own).tobytes()
        whole.update(f"{key}:{own.shape}:".encode() + content)
    whole.update(json.dumps(table.class_names).encode())
    return whole.hexdigest()


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=_SHOWN // 2).hexdigest()
