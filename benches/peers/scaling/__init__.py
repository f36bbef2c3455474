"""How the times of Grism grow with the size of the generated graphs: what is measured, what is allowed, the tables."""
