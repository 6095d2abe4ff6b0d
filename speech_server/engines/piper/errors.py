"""What can go wrong in this package.

::

    PiperError
    ├── UncutVoice      the graph cannot be cut; the voice runs in fewer stages
    └── BrokenVoice     the files are no Piper voice
"""


class PiperError(Exception):
    """Root of the tree."""


class UncutVoice(PiperError):
    """The graph is not built as it must be to be cut or computed in windows."""


class BrokenVoice(PiperError):
    """The files cannot be used as a voice."""
