"""Facts and names as data: our own tables, and an extract of Unicode's CLDR (licence in `UNICODE-LICENSE.txt`)."""
