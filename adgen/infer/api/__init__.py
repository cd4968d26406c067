"""adgen's own API, called inside of programs: gradients, tapes, tags, surgery."""
