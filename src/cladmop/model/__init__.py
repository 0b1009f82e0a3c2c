"""The CLaDMoP network: grouping, fusion, heads, losses."""
