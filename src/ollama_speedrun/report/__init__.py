"""What was found and measured, as a terminal table, JSON, CSV or Markdown."""
