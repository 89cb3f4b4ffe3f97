"""Names for what the user gave none."""

import re

from ads.model.names import random_name


def test_the_form_that_users_know():
    assert re.fullmatch(r"sklearn-[a-z]+-[a-z]+-\d{4}-\d\d-\d\d-\d\d:\d\d\.\d\d", random_name("sklearn"))
