"""What stands below a command's options in its help: examples, and how it can end."""

KEPT = "\b\n"
"""Before a paragraph, lets its lines be as they are."""


def epilog(*, examples: str = "", more: str = "", status: str) -> str:
    """Give the text.

    Args:
        examples: commands to paste, one a line.
        more: paragraphs before them.
        status: what the exit statuses mean.
    """
    lines = "\n".join(f"  {line}" for line in examples.strip().splitlines())
    example = f"Examples:\n{lines}" if lines else ""
    kept = "\n\n".join(filter(None, [more.strip(), example])).split("\n\n")
    return "\n\n".join([*(KEPT + one for one in kept if one), f"Exit status: {status}"])
