"""Abstract interpretation: from the tree to typed SSA.

A value may be anything, so the modules import one another in a circle. They are always imported in the order of the
engine, whichever of them is asked for first.
"""

import adgen.infer.engine  # noqa: F401
