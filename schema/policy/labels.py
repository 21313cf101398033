"""
Which label stands on a row or a field: the join of everything that was said about it, never less strict than any.

Rules:
    - A row bears its category's tier, joined with its own disclosure attribute (公开范围).
    - A field bears its row's label joined with the catalogue's tier for it, and with its own category's tier where
      that differs (C02, C03).
    - An entry whose issuer published it bears the tier the policy gives published entries of its category.
    - Lists of one category may differ (C10: W01 P, W02 G, W03 I); a list nobody classified bears the join of all.

Source: DOMAIN 13.1 (join), 13.3 (base tiers), 3 (the stricter of catalogue and record wins).
"""

from schema.catalogue.model import Category, FieldSpec
from schema.policy.model import Label, Policy
from schema.tiers import Tier, join


def label_of(
    policy: Policy,
    category: Category,
    *,
    field: FieldSpec | None = None,
    record_tier: Tier | None = None,
    list_code: str | None = None,
    published: bool = False,
) -> Label:
    """
    Build the label of a row, or of one field in it.

    Args:
        policy: The version in force.
        category: The row's category, see `schema.publicity.category_of`.
        field: The field; None for the row itself.
        record_tier: The record's own disclosure attribute; None if it has none.
        list_code: `W02` for an entry of that list; None for a record that is on no list.
        published: The issuer published this very entry.
    """
    tiers = [_base_tier(policy, category, list_code, published=published)]
    if record_tier is not None:
        tiers.append(record_tier)
    if field is None:
        return Label(category=category, tier=join(tiers))
    tiers.append(field.field.tier)
    own = field.field.category or category
    if own is not category:
        tiers.append(policy.tiers[own])
    return Label(category=own, tier=join(tiers), coordinate=field.coordinate, mask=field.field.mask)


def possible_labels(policy: Policy, category: Category, *, field: FieldSpec | None = None) -> tuple[Label, ...]:
    """
    List the labels at their loosest that a row of *category*, or *field* in it, can bear.

    A coordinate is denied whatever the row (static denial) exactly if `decide` with `possible_facts` denies every one
    of these: a record's own disclosure attribute only makes a label stricter.
    """
    codes: tuple[str | None, ...] = tuple(policy.list_tiers.get(category, {})) or (None,)
    states = (True, False) if category in policy.published_tiers else (False,)
    labels = [
        label_of(policy, category, field=field, list_code=code, published=state) for code in codes for state in states
    ]
    return tuple(dict.fromkeys(labels))


def _base_tier(policy: Policy, category: Category, list_code: str | None, *, published: bool) -> Tier:
    if published and category in policy.published_tiers:
        return policy.published_tiers[category]
    lists = policy.list_tiers.get(category)
    if not lists:
        return policy.tiers[category]
    known = lists.get(list_code) if list_code is not None else None
    return join([policy.tiers[category], known if known is not None else join(lists.values())])
