"""Papers: a study as one declarative file, made into tables, figures and a page in which every number can be heard.

A kind of experiment is one file in `kinds/`, a shipped study one file in `studies/`.
"""
