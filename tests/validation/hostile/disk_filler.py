"""Fill the working tree, one small file after the other."""

for number in range(1_000_000):
    with open(f"/testbed/{number}", "wb") as file:
        file.write(b"x" * 1_000_000)
