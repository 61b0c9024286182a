"""Steps that failed: recorded, replayed layer by layer, explained."""
