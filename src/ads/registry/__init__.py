"""The catalog without HTTP: tables, blobs, identities, events, and the rules that hold for them."""
