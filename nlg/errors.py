"""Every error a user can cause, as one tree.

    NlgError                something went wrong, exit code 1
    ├── DataError           an input file or record is not what it should be
    ├── CheckpointError     a checkpoint folder is missing, broken or foreign
    └── OptionError         an option or argument makes no sense, exit code 2

The message says what, where and the way out in one line; the command line prints it
without a traceback.
"""


class NlgError(Exception):
    """The base of all errors above; `exit_code` is that of the command."""

    exit_code = 1


class DataError(NlgError):
    """An input file or record is not what it should be."""


class CheckpointError(NlgError):
    """A checkpoint folder is missing, broken or made for something else."""


class OptionError(NlgError):
    """An option or argument makes no sense."""

    exit_code = 2
