"""Methods of a class as well as of its instances."""

from ads.model.binding import class_or_instance_method


class Thing:
    @class_or_instance_method
    def who(cls_or_self, more=""):  # noqa: N805
        """Say who."""
        return cls_or_self, more


def test_it_gets_whatever_it_is_called_on():
    thing = Thing()
    assert Thing.who() == (Thing, "")
    assert thing.who("x") == (thing, "x")
    assert Thing.who.__doc__ == "Say who."
