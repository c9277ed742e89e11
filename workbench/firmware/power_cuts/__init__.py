"""Power cuts in the store of versions: machines that run it, an oracle that knows what may come of it, a campaign."""
