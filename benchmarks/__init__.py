"""Side-by-side measurements of adgen, hand-written gradients and other tools: `python -m benchmarks`."""
