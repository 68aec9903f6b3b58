"""A document as a person or a spreadsheet reads it: terminal tables, Markdown, CSV."""
