"""The exception and the warning that are meant for people: a sentence that says what, where and what to do."""


class WorkbenchError(Exception):
    """A mistake in the input or the surroundings that the user can mend.

    The message is one sentence naming what is wrong, where, and what to do about it. The command
    line prints it and leaves with exit status 2; in a notebook it is the last line of the traceback.
    """


class WorkbenchWarning(UserWarning):
    """Something that a user should know and that stops nothing.

    The command line prints each on standard error; `warnings.simplefilter` silences them elsewhere.
    """
