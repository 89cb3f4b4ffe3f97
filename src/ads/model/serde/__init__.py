"""How models become files (:mod:`~ads.model.serde.model_serializer`) and inputs payloads (``model_input``)."""
