"""The benchmark: seeded input, the real site, a real browser, and goals as ratios to floors."""
