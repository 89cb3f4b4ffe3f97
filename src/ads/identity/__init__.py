"""Who is calling: resource identifiers, request signatures, bearer tokens, and the check that both doors share."""
