"""Who is on duty, and who is told next when nobody has seen an alert."""
