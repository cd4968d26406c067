"""From typed SSA to Python text: fold, name, write, print."""

from adgen.emit.module import Text, emit, emit_module

__all__ = ["Text", "emit", "emit_module"]
