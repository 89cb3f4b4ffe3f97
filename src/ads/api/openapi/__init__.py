"""The OpenAPI 3.1 description of the whole API: what each operation is called, takes, answers and refuses."""
