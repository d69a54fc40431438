"""What a command says that failed."""


def told(result, exit_code):
    """Return the one line that a failed command says, after click's usage if any."""
    assert result.exit_code == exit_code, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    *usage, message = result.stderr.splitlines()
    assert not usage or usage[0].startswith("Usage: ")
    assert message.startswith("Error: ")
    return message
