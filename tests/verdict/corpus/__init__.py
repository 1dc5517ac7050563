"""Programs as people write them, each with what the verdict must say of it, and what it may."""
