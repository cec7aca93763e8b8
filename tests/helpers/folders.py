"""What is in a folder."""


def names_in(folder):
    return {path.name for path in folder.iterdir()}
