"""Take memory until there is none."""

taken = []
while True:
    taken.append(b"x" * 4_000_000)
