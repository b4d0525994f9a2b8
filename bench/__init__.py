"""Measures of the product, each beside a peer or a floor on the same work in the same run."""
