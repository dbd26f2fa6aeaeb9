"""A server that plays the paid providers, and what it is made of.

It imports nothing of the application, and its own modules relatively: started in `app/demo/` as
`python -m stand_ins.server` it is up before Flask would be loaded.
"""
