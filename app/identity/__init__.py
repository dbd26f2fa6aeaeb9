"""Whether two records bear one name: the names of people and of companies, compared.

A library of rules above `normalizer` and `values`. Imports ask it which stored entity a row is about, and providers
whether an answer is about the entity that was asked for.
"""
