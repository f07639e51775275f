"""Search on the web for a model: back ends, domains, and the tool itself."""
